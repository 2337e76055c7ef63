// The store beside a stock etcd: the same load by the same client on both in turn, in every round. What is compared
// are ratios, since what else the machine does changes both.
#include <optional>

#include "bindings/cli/bench.h"
#include "bindings/cli/store_load.h"
#include "bindings/cli/store_peer.h"

namespace kp::cli {
namespace {

// One side's figures of one round, in the order of the report.
class Figures {
 public:
  void Add(const std::string& what, const std::string& unit, double value) { rows_.push_back({what, unit, value}); }
  struct Row {
    std::string what;
    std::string unit;
    double value;
  };
  const std::vector<Row>& rows() const { return rows_; }

 private:
  std::vector<Row> rows_;
};

struct Wanted {
  const char* what;
  Target target;
  double ratio;
};

// Ratios to etcd 3.4.23 that the project has set itself.
constexpr Wanted kWanted[] = {
    {"CPU per put, 1 member, 64 clients", Target::kBelow, 0.20},
    {"puts, 1 member, 64 clients", Target::kAtLeast, 3},
    {"puts, 1 member, 256 clients", Target::kAtLeast, 3},
    {"p99 put, 1 member, 64 clients", Target::kBelow, 0.4},
    {"p50 put, 1 member, 1 client", Target::kBelow, 0.5},
    {"bytes per put, 1 member, 64 clients", Target::kBelow, 0.6},
    {"resident memory after the puts", Target::kBelow, 0.5},
    {"restart CPU", Target::kBelow, 0.3},
    {"puts, 3 members, 64 clients", Target::kAtLeast, 4},
    {"CPU per put, 3 members, 64 clients", Target::kBelow, 0.18},
    {"p50 put, 3 members, 1 client", Target::kBelow, 0.4},
    {"CPU per read, 3 members, 64 clients", Target::kBelow, 0.20},
    {"p50 read, 3 members, 1 client", Target::kBelow, 0.3},
    {"watch CPU per event, 1000 watchers", Target::kBelow, 0.15},
};

class StoreBench {
 public:
  StoreBench(const BenchOptions& options, std::string folder) : options_(options), folder_(std::move(folder)) {}

  Result<Figures> OneSide(StoreKind kind, int round) {
    Figures figures;
    const std::string folder = folder_ + "/" + StoreName(kind) + "-" + std::to_string(round);
    Status status;
    if (Chosen("single")) status = Single(kind, folder + "-1", figures);
    if (status.ok() && Chosen("cluster")) status = Cluster(kind, folder + "-3", figures);
    if (status.ok() && Chosen("watch")) status = Watch(kind, folder + "-w", figures);
    if (!status.ok()) return Status(status.code(), std::string(StoreName(kind)) + ": " + status.message());
    return figures;
  }

 private:
  bool Chosen(const std::string& part) const { return options_.part.empty() || options_.part == part; }
  int64_t Scaled(int64_t operations) const { return options_.quick ? operations / 200 + 10 : operations; }

  // What a load cost the servers, per operation.
  Status Measured(StoreGroup& group, LoadOptions load, const std::string& noun, const std::string& where,
                  Figures& figures) {
    const StoreUsage before = group.Usage();
    const Result<LoadResult> result = RunLoad(env_, load);
    if (!result.ok()) return result.status();
    const StoreUsage used = group.Usage() - before;
    const auto per = [&](double total) { return total / static_cast<double>(result->operations); };
    figures.Add(noun + "s, " + where, "/s", result->PerSecond());
    figures.Add("p50 " + noun + ", " + where, "ms", result->Percentile(50));
    figures.Add("p99 " + noun + ", " + where, "ms", result->Percentile(99));
    figures.Add("CPU per " + noun + ", " + where, "us", per(used.cpu_seconds) * 1e6);
    figures.Add("client CPU per " + noun + ", " + where, "us", per(result->client_cpu_seconds) * 1e6);
    if (load.kind == LoadOptions::Kind::kPut) {
      if (used.syncs_known) figures.Add("syncs per " + noun + ", " + where, "", per(used.syncs));
      figures.Add("bytes per " + noun + ", " + where, "B", per(used.written_bytes));
    }
    return {};
  }

  Status Single(StoreKind kind, const std::string& folder, Figures& figures) {
    auto group = StoreGroup::Start(env_, {.kind = kind, .members = 1, .folder = folder});
    if (!group.ok()) return group.status();
    const std::vector<std::string>& at = (*group)->endpoints();
    LoadOptions load{.endpoints = at, .clients = 64, .connections = 8, .operations = Scaled(10000)};
    if (auto warm = RunLoad(env_, load); !warm.ok()) return warm.status();
    load.clients = load.connections = 1;
    load.operations = Scaled(2000);
    if (Status s = Measured(**group, load, "put", "1 member, 1 client", figures); !s.ok()) return s;
    load.clients = 64;
    load.connections = 8;
    load.operations = Scaled(114000);
    if (Status s = Measured(**group, load, "put", "1 member, 64 clients", figures); !s.ok()) return s;
    load.clients = 256;
    load.connections = 16;
    if (Status s = Measured(**group, load, "put", "1 member, 256 clients", figures); !s.ok()) return s;
    figures.Add("resident memory after the puts", "MB", (*group)->Usage().resident_bytes / 1e6);
    (*group)->Kill(0);
    const Time killed = env_.Now();
    if (Status status = (*group)->Spawn(0); !status.ok()) return status;
    if (Status status = (*group)->AwaitReady(60s); !status.ok()) return status;
    figures.Add("restart to the first read", "s", Seconds(env_.Now() - killed));
    figures.Add("restart CPU", "s", (*group)->Usage().cpu_seconds);
    return {};
  }

  Status Cluster(StoreKind kind, const std::string& folder, Figures& figures) {
    auto group = StoreGroup::Start(env_, {.kind = kind, .members = 3, .folder = folder});
    if (!group.ok()) return group.status();
    auto order = (*group)->LeaderFirst();
    if (!order.ok()) return order.status();
    LoadOptions load{.endpoints = {order->front()}, .clients = 64, .connections = 8, .operations = Scaled(10000)};
    if (auto warm = RunLoad(env_, load); !warm.ok()) return warm.status();
    load.clients = load.connections = 1;
    load.operations = Scaled(1500);
    if (Status s = Measured(**group, load, "put", "3 members, 1 client", figures); !s.ok()) return s;
    load.clients = 64;
    load.connections = 8;
    load.operations = Scaled(30000);
    if (Status s = Measured(**group, load, "put", "3 members, 64 clients", figures); !s.ok()) return s;
    load.kind = LoadOptions::Kind::kLinearizableRead;
    load.endpoints = *order;
    load.connections = 9;
    load.operations = Scaled(60000);
    if (Status s = Measured(**group, load, "read", "3 members, 64 clients", figures); !s.ok()) return s;
    load.clients = load.connections = 1;
    load.operations = Scaled(3000);
    return Measured(**group, load, "read", "3 members, 1 client", figures);
  }

  Status Watch(StoreKind kind, const std::string& folder, Figures& figures) {
    auto group = StoreGroup::Start(env_, {.kind = kind, .members = 1, .folder = folder});
    if (!group.ok()) return group.status();
    StoreUsage before;
    FanOutOptions options{.endpoint = (*group)->endpoints()[0], .puts = Scaled(300)};
    if (options_.quick) options.watchers = 50;
    const auto result = RunFanOut(env_, options, [&] { before = (*group)->Usage(); });
    if (!result.ok()) return result.status();
    const StoreUsage used = (*group)->Usage() - before;
    figures.Add("watch CPU per event, 1000 watchers", "us",
                used.cpu_seconds * 1e6 / static_cast<double>(result->events));
    figures.Add("watch events, 1000 watchers", "/s", static_cast<double>(result->events) / result->seconds);
    return {};
  }

  const BenchOptions& options_;
  const std::string folder_;
  runtime::posix::PosixEnv env_{{.name = "bench"}};
};

// One row of each figure: ours, and the peer's where there is one.
class Report {
 public:
  void Add(const Figures& ours, const std::optional<Figures>& peer) {
    for (size_t i = 0; i < ours.rows().size(); ++i) {
      const Figures::Row& row = ours.rows()[i];
      Measure& measure = RowOf(row);
      if (!peer) {
        measure.rounds.push_back(row.value);
      } else if (i < peer->rows().size() && peer->rows()[i].what == row.what && peer->rows()[i].value > 0) {
        measure.rounds.push_back(row.value);
        measure.peer.push_back(peer->rows()[i].value);
      }
    }
  }
  Measures Take() {
    std::erase_if(measures_, [](const Measure& measure) { return measure.rounds.empty(); });
    return std::move(measures_);
  }

 private:
  Measure& RowOf(const Figures::Row& row) {
    for (Measure& measure : measures_) {
      if (measure.what == row.what) return measure;
    }
    Measure measure{row.what, row.unit, Target::kNone, 0, {}, {}};
    for (const Wanted& wanted : kWanted) {
      if (row.what != wanted.what) continue;
      measure.target = wanted.target;
      measure.wanted = wanted.ratio;
    }
    measures_.push_back(std::move(measure));
    return measures_.back();
  }
  Measures measures_;
};

}  // namespace

Result<Measures> BenchStore(const BenchOptions& options) {
  Result<std::string> folder = fixtures::MakeTemporaryFolder("kubeproof-bench-");
  if (!folder.ok()) return folder.status();
  Report report;
  Status failed;
  for (int round = 0; round < options.rounds && failed.ok(); ++round) {
    // Each round in its own order, so that neither side always finds the warmer machine.
    StoreBench bench(options, *folder);
    std::optional<Figures> sides[2];
    for (int turn = 0; turn < 2 && failed.ok(); ++turn) {
      const bool ours = (turn == 0) == (round % 2 == 0);
      if (!ours && options.peer.empty()) continue;
      auto figures = bench.OneSide(ours ? StoreKind::kOurs : StoreKind::kEtcd, round);
      if (!figures.ok()) failed = figures.status();
      if (figures.ok()) sides[ours ? 0 : 1] = std::move(*figures);
    }
    if (failed.ok()) report.Add(*sides[0], sides[1]);
  }
  fixtures::RemoveTemporaryFolder(*folder);
  if (!failed.ok()) return failed;
  Measures measures = report.Take();
  // Without a peer there are no ratios to judge.
  for (Measure& measure : measures) {
    if (measure.peer.empty()) measure.target = Target::kNone;
  }
  return measures;
}

}  // namespace kp::cli
