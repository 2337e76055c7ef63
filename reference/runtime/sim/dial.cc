#include "reference/runtime/sim/dial.h"

#include <utility>

#include "reference/base/check.h"
#include "reference/base/strings.h"
#include "reference/runtime/sim/connection.h"

namespace kp::runtime::sim {
namespace {

bool IsSelf(const std::string& host) {
  return host.empty() || host == "localhost" || host == "127.0.0.1" || host == "0.0.0.0" || host == "[::]" ||
         host == "[::1]";
}

bool LooksNumeric(const std::string& host) { return host.find_first_not_of("0123456789.") == std::string::npos; }

}  // namespace

Result<Fabric::Target> Fabric::ParseTarget(const std::string& address, Host& self) const {
  if (address.starts_with("unix:")) return Target{&self, address};
  size_t colon = address.rfind(':');
  if (colon == std::string::npos) return Status(Code::kInvalidArgument, "address " + address + ": missing port");
  auto port = ParseInt(std::string_view(address).substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) {
    return Status(Code::kInvalidArgument, "address " + address + ": invalid port");
  }
  std::string name = address.substr(0, colon);
  Host* host = IsSelf(name) ? &self : Resolve(name);
  if (host == nullptr && !LooksNumeric(name)) return Status(Code::kUnavailable, "lookup " + name + ": no such host");
  return Target{host, std::to_string(*port)};
}

Result<std::string> Fabric::Listen(ProcessState& process, Host& host, const std::string& address,
                                   AcceptFunction on_accept) {
  auto target = ParseTarget(address, host);
  if (!target.ok()) return Status(target.error().code(), "listen " + address + ": " + target.error().message());
  if (target->host != &host) {
    return Status(Code::kUnavailable, "listen " + address + ": cannot assign requested address");
  }
  std::string key = target->key;
  while (key == "0" || (target->key == "0" && host.listeners.contains(key))) key = std::to_string(++host.last_port);
  if (host.listeners.contains(key)) return Status(Code::kUnavailable, "listen " + address + ": address already in use");
  host.listeners[key] = {&process, std::make_shared<AcceptFunction>(std::move(on_accept))};
  return key;
}

void Fabric::Dial(ProcessState& process, Host& host, const std::string& address, Duration timeout,
                  Completion<Result<std::unique_ptr<Stream>>> done) {
  ++scheduler_.counters().dials;
  uint64_t id = ++last_dial_;
  auto attempt = std::make_unique<DialAttempt>();
  attempt->process = &process;
  attempt->from = &host;
  attempt->address = address;
  attempt->done = std::move(done);
  attempt->timeout = scheduler_.After(timeout, &process, EventKind::kTimer, [this, id] {
    auto found = dials_.find(id);
    if (found == dials_.end()) return;
    FinishDial(id, Status(Code::kUnavailable, "dial " + found->second->address + ": i/o timeout"));
  });
  auto target = ParseTarget(address, host);
  if (!target.ok()) {
    dials_[id] = std::move(attempt);
    return FailDial(id, {target.error().code(), "dial " + address + ": " + target.error().message()}, Duration(0));
  }
  attempt->target = *target;
  if (target->host != nullptr) {
    attempt->there = &LinkBetween(host, *target->host);
    attempt->back = &LinkBetween(*target->host, host);
  }
  dials_[id] = std::move(attempt);
  SendSyn(id, Duration(0));
}

void Fabric::SendSyn(uint64_t dial, Duration wait) {
  DialAttempt& attempt = *dials_.at(dial);
  if (attempt.there == nullptr) return;
  wait += DrawDelay(*attempt.there, attempt.there->random.Next());
  scheduler_.After(wait, nullptr, EventKind::kWorld, [this, dial] { OnSyn(dial); });
}

// The kernels shake hands; a paused process is connected to like any other.
void Fabric::OnSyn(uint64_t dial) {
  auto found = dials_.find(dial);
  if (found == dials_.end()) return;
  DialAttempt& attempt = *found->second;
  if (attempt.target.host->down) {
    attempt.held = true;
    return;
  }
  if (attempt.there->blocked > 0 || attempt.back->blocked > 0) {
    attempt.held = true;
    ++scheduler_.counters().partition_held_dials;
    return;
  }
  auto& listeners = attempt.target.host->listeners;
  auto listener = listeners.find(attempt.target.key);
  if (listener != listeners.end()) return Accept(dial, listener->second);
  Duration back = DrawDelay(*attempt.back, attempt.back->random.Next());
  FailDial(dial, {Code::kUnavailable, "dial " + attempt.address + ": connection refused"}, back);
}

void Fabric::Accept(uint64_t dial, const ListenerEntry& listener) {
  DialAttempt& attempt = *dials_.at(dial);
  uint64_t id = ++last_connection_;
  Host& there = *attempt.target.host;
  bool is_unix = attempt.target.key.starts_with("unix:");
  std::string far = is_unix ? attempt.target.key : there.ip + ":" + attempt.target.key;
  std::string near = is_unix ? "unix:" : attempt.from->ip + ":" + std::to_string(++attempt.from->last_port);
  connections_[id] =
      std::make_shared<Connection>(*this, id, Connection::End{attempt.process, attempt.there, std::move(near)},
                                   Connection::End{listener.process, attempt.back, std::move(far)});
  scheduler_.After(Duration(0), listener.process, EventKind::kNetwork,
                   [this, id, accept = std::weak_ptr<AcceptFunction>(listener.on_accept)] {
                     auto connection = Find(id);
                     if (!connection) return;
                     auto stream = connection->TakeStream(1);
                     // A listener that went meanwhile resets what waits in its queue.
                     if (auto function = accept.lock()) (*function)(std::move(stream));
                   });
  Duration back = DrawDelay(*attempt.back, attempt.back->random.Next());
  scheduler_.After(back, attempt.process, EventKind::kNetwork, [this, id, dial] {
    auto connection = Find(id);
    if (!connection) return;
    if (!dials_.contains(dial)) return connection->Abort(0);  // it has timed out meanwhile
    FinishDial(dial, connection->TakeStream(0));
  });
}

void Fabric::FailDial(uint64_t dial, Status failure, Duration wait) {
  scheduler_.After(wait, dials_.at(dial)->process, EventKind::kNetwork,
                   [this, dial, failure = std::move(failure)] { FinishDial(dial, failure); });
}

void Fabric::FinishDial(uint64_t dial, Result<std::unique_ptr<Stream>> outcome) {
  auto attempt = dials_.extract(dial);
  if (attempt.empty()) return;
  scheduler_.Cancel(attempt.mapped()->timeout);
  attempt.mapped()->done(std::move(outcome));
}

}  // namespace kp::runtime::sim
