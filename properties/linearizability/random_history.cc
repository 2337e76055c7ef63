#include "properties/linearizability/random_history.h"

namespace kp::linearizability {

namespace {

struct Client {
  int64_t process = 0;
  bool busy = false;
  bool applied = false;
  bool succeeded = true;
  size_t operation = 0;
};

class Run {
 public:
  Run(Subject& subject, const RandomHistoryOptions& options, Random random)
      : subject_(subject), options_(options), random_(std::move(random)), clients_(options.clients) {
    for (size_t i = 0; i < clients_.size(); ++i) clients_[i].process = static_cast<int64_t>(i);
  }

  std::vector<history::Operation> Take() {
    bool busy = true;
    while (busy || operations_.size() < options_.operations) {
      Client& client = clients_[random_.Below(clients_.size())];
      if (client.busy) {
        client.applied ? Return(client) : Apply(client);
      } else if (operations_.size() < options_.operations) {
        Call(client);
      }
      busy = false;
      for (const Client& each : clients_) busy = busy || each.busy;
    }
    return std::move(operations_);
  }

 private:
  void Call(Client& client) {
    client.busy = true;
    client.applied = false;
    client.operation = operations_.size();
    history::Operation operation = subject_.Draw(random_);
    operation.process = client.process;
    operation.call = next_event_++;
    operations_.push_back(std::move(operation));
  }

  void Apply(Client& client) {
    history::Operation& operation = operations_[client.operation];
    if (random_.Chance(options_.crashed)) {
      if (random_.Chance(0.5)) subject_.Apply(operation);
      operation.outcome = history::EventType::kInfo;
      client.busy = false;
      client.process += static_cast<int64_t>(clients_.size());
      return;
    }
    operation.output = subject_.Apply(operation);
    client.succeeded = subject_.succeeded();
    client.applied = true;
  }

  void Return(Client& client) {
    history::Operation& operation = operations_[client.operation];
    operation.completion = next_event_++;
    operation.outcome = client.succeeded ? history::EventType::kOk : history::EventType::kFail;
    if (client.succeeded && random_.Chance(options_.falsified)) operation.output = subject_.Falsify(operation, random_);
    client.busy = false;
  }

  Subject& subject_;
  const RandomHistoryOptions& options_;
  Random random_;
  std::vector<Client> clients_;
  std::vector<history::Operation> operations_;
  size_t next_event_ = 0;
};

}  // namespace

std::vector<history::Operation> RandomHistory(Subject& subject, const RandomHistoryOptions& options, Random random) {
  return Run(subject, options, std::move(random)).Take();
}

}  // namespace kp::linearizability
