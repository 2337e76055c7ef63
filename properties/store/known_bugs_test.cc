// What etcd once did wrong with several members, snapshots and restarts (its changelogs name the issues): each a
// play in the simulator that ends well, and a deliberate bug of the same kind with which it does not. Those that a
// client of one member can see are behaviours of the catalogue.
#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"
#include "reference/client/etcd.h"
#include "reference/runtime/sim/world.h"
#include "reference/store/auth.pb.h"
#include "reference/store/etcd.pb.h"
#include "reference/store/server.h"

namespace kp::properties {
namespace {

namespace pb = etcdserverpb;
using runtime::sim::CrashKind;
using runtime::sim::Direction;
using runtime::sim::World;

constexpr int kMuch = 300;

// Members that take a snapshot every twenty entries and keep five behind it.
class Play {
 public:
  explicit Play(int members) : members_(members), world_({.seed = 3}) {
    for (int i = 0; i < members; ++i) world_.Spawn(Name(i), Ip(i), store::ServerFactory(OptionsOf(i)));
    env_ = &world_.Spawn("client", "10.0.0.9");
    for (int i = 0; i < members; ++i) {
      clients_.push_back(*client::EtcdClient::Create(*env_, {.endpoints = {Ip(i) + ":2379"}, .timeout = 3s}));
    }
    (void)Until([this] { return Put(0, "start", "1"); });
  }

  static std::string Name(int i) { return "store-" + std::to_string(i); }
  static std::string Ip(int i) { return "10.0.0." + std::to_string(i + 1); }
  World& world() { return world_; }
  store::Member& member(int i) { return world_.actor<store::Server>(Name(i)).member(); }
  client::EtcdClient& client(int i) { return *clients_[static_cast<size_t>(i)]; }

  bool Until(const std::function<bool()>& done, Duration budget = 20s) {
    const Time deadline = world_.Now() + budget;
    while (!done()) {
      if (world_.Now() >= deadline) return false;
      world_.RunFor(20ms);
    }
    return true;
  }
  template <typename T>
  Result<T> Wait(const std::function<void(Completion<Result<T>>)>& call) {
    auto answer = std::make_shared<std::optional<Result<T>>>();
    call([answer](Result<T> value) { *answer = std::move(value); });
    (void)world_.RunUntil([&] { return answer->has_value(); }, 10s);
    return answer->has_value() ? **answer : Result<T>(Status(Code::kDeadlineExceeded, "no answer"));
  }
  bool Put(int i, const std::string& key, const std::string& value) {
    return Wait<int64_t>([&](auto done) { client(i).Put(key, value, 0, done); }).ok();
  }
  int64_t Revision(int i) {
    const auto range = Wait<client::EtcdRangeResult>([&](auto done) { client(i).Range({.key = "none"}, done); });
    return range.ok() ? range->revision : 0;
  }
  template <typename Request>
  Status Call(int i, const std::string& method, const Request& request) {
    return Wait<std::string>([&](auto done) {
             client(i).channel().Unary("/etcdserverpb." + method, request.SerializeAsString(), {}, 5s, done);
           })
        .status();
  }
  void CutOff(int cut) {
    for (int i = 0; i < members_; ++i) {
      if (i != cut) world_.network().Partition({Name(cut)}, {Name(i)}, Direction::kBoth);
    }
  }
  void Heal() { world_.network().HealAll(); }
  // Enough for snapshots that leave nothing for a follower that is behind: entries that are small beside the state
  // bring one only every two hundred.
  bool WriteMuch(int i, int count = kMuch) {
    bool ok = true;
    for (int n = 0; n < count; ++n) ok = Put(i, "key" + std::to_string(n % 7), std::to_string(n)) && ok;
    return ok;
  }
  bool CaughtUp(int i, int with) {
    return Until([&] {
      const bool runs = world_.status(Name(i)) == runtime::sim::ProcessStatus::kRunning;
      return runs && member(i).applied_index() >= member(with).applied_index();
    });
  }
  int Follower() {
    for (int i = members_ - 1; i >= 0; --i) {
      if (!member(i).is_leader()) return i;
    }
    return 0;
  }

 private:
  store::ServerOptions OptionsOf(int i) const {
    std::vector<std::string> cluster;
    for (int n = 0; n < members_; ++n) cluster.push_back(Name(n) + "=http://" + Ip(n) + ":2380");
    return {.name = Name(i),
            .data_dir = "/data",
            .listen_client_urls = "http://" + Ip(i) + ":2379",
            .listen_peer_urls = "http://" + Ip(i) + ":2380",
            .initial_advertise_peer_urls = "http://" + Ip(i) + ":2380",
            .initial_cluster = Join(cluster, ","),
            .snapshot_count = 20,
            .catch_up_entries = 5,
            .bcrypt_cost = 4};
  }

  int members_;
  World world_;
  runtime::Env* env_ = nullptr;
  std::vector<std::unique_ptr<client::EtcdClient>> clients_;
};

// What a watch has told: revisions in their order, and whether it ended.
struct Seen : client::EtcdWatchHandler {
  void OnEvents(int64_t revision, const std::vector<client::EtcdEvent>& events) override {
    for (const client::EtcdEvent& event : events) revisions.push_back(event.kv.mod_revision);
    if (events.empty()) notices.push_back(revision);
  }
  void OnEnd(const Status&, int64_t compacted) override {
    ended = true;
    compact_revision = compacted;
  }
  bool Ascend() const {
    for (size_t i = 1; i < revisions.size(); ++i) {
      if (revisions[i - 1] >= revisions[i]) return false;
    }
    return true;
  }
  std::vector<int64_t> revisions;
  std::vector<int64_t> notices;
  bool ended = false;
  int64_t compact_revision = 0;
};

bool EnableAuth(Play& play, int i) {
  pb::AuthUserAddRequest user;
  user.set_name("root");
  user.set_password("root");
  pb::AuthUserGrantRoleRequest grant;
  grant.set_user("root");
  grant.set_role("root");
  return play.Call(i, "Auth/UserAdd", user).ok() && play.Call(i, "Auth/UserGrantRole", grant).ok() &&
         play.Call(i, "Auth/AuthEnable", pb::AuthEnableRequest()).ok();
}

// etcd-io/etcd#14571: a member that got users and roles by a snapshot let everybody in.
bool AuthComesWithASnapshot() {
  Play play(3);
  const int behind = play.Follower();
  const int other = (behind + 1) % 3;
  play.CutOff(behind);
  if (!play.WriteMuch(other) || !EnableAuth(play, other)) return false;
  // Refused, and entries of the log all the same: the snapshot holds the users then.
  for (int i = 0; i < kMuch; ++i) (void)play.Put(other, "key", "refused");
  play.Heal();
  if (!play.CaughtUp(behind, other)) return false;
  pb::RangeRequest range;
  range.set_key("key1");
  range.set_serializable(true);
  return play.Call(behind, "KV/Range", range).code() == Code::kInvalidArgument;
}

// etcd-io/etcd#15271: after a partition a watch told old events again.
bool AWatchGoesOnOverASnapshot() {
  Play play(3);
  const int behind = play.Follower();
  const int other = (behind + 1) % 3;
  Seen seen;
  const int64_t first = play.Revision(behind) + 1;
  const auto watch = play.client(behind).Watch({.key = "key", .range_end = "kez", .start_revision = first}, &seen);
  if (!play.WriteMuch(other, 10) || !play.Until([&] { return seen.revisions.size() == 10; })) return false;
  play.CutOff(behind);
  if (!play.WriteMuch(other)) return false;
  play.Heal();
  return play.CaughtUp(behind, other) &&
         play.Until([&] { return seen.revisions.size() == 10 + kMuch || seen.ended; }) && !seen.ended && seen.Ascend();
}

// etcd-io/etcd#20221: a watch of a revision to come was told older ones when a snapshot came in between.
bool AWatchOfTheFutureWaitsOverASnapshot() {
  Play play(3);
  const int behind = play.Follower();
  const int other = (behind + 1) % 3;
  const int64_t now = play.Revision(other);
  if (!play.Until([&] { return play.Revision(behind) >= now; })) return false;
  Seen seen;
  const int64_t start = now + kMuch;
  const auto watch = play.client(behind).Watch({.key = "key", .range_end = "kez", .start_revision = start}, &seen);
  play.world().RunFor(100ms);
  play.CutOff(behind);
  if (!play.WriteMuch(other, kMuch - 10)) return false;
  play.Heal();
  if (!play.CaughtUp(behind, other) || !play.WriteMuch(other, 20)) return false;
  if (!play.Until([&] { return seen.revisions.size() == 11 || seen.ended; })) return false;
  return !seen.ended && seen.revisions.front() == start && seen.Ascend();
}

// etcd-io/etcd#17780: after a crash around a compaction the revision fell.
bool TheRevisionSurvivesCompactionAndCrash() {
  Play play(1);
  if (!play.WriteMuch(0, 30)) return false;
  const auto gone = play.Wait<int64_t>([&](auto done) { play.client(0).DeleteRange("key", "kez", done); });
  if (!gone.ok()) return false;
  pb::CompactionRequest compaction;
  compaction.set_revision(*gone);
  if (!play.Call(0, "KV/Compact", compaction).ok() || !play.WriteMuch(0, 3)) return false;
  // Entries that change nothing bring the snapshot on.
  for (int i = 0; i < 30; ++i)
    (void)play.Wait<int64_t>([&](auto done) { play.client(0).DeleteRange("none", "", done); });
  play.world().Crash(Play::Name(0), CrashKind::kPowerCut);
  play.world().Restart(Play::Name(0));
  return play.Until([&] { return play.Revision(0) > 0; }) && play.Revision(0) == *gone + 3;
}

// etcd-io/etcd#18667: a transaction that failed on a compacted revision was half done on some members.
bool ARefusedTransactionIsRefusedEverywhere() {
  Play play(3);
  if (!play.WriteMuch(0, 10)) return false;
  pb::CompactionRequest compaction;
  compaction.set_revision(play.Revision(0));
  if (!play.Call(0, "KV/Compact", compaction).ok()) return false;
  pb::TxnRequest txn;
  txn.add_success()->mutable_request_put()->set_key("half");
  pb::RangeRequest& old = *txn.add_success()->mutable_request_range();
  old.set_key("key1");
  old.set_revision(2);
  if (play.Call(0, "KV/Txn", txn).code() != Code::kOutOfRange || !play.Put(0, "end", "1")) return false;
  for (int i = 1; i < 3; ++i) {
    if (!play.CaughtUp(i, 0) || *play.member(i).store().HashKv(0) != *play.member(0).store().HashKv(0)) return false;
  }
  return play.member(0).store().Range({.key = "half"})->kvs.empty();
}

// etcd-io/etcd#20418: a leader that had slept answered a linearizable read from its old state.
bool ASleepingLeaderReadsNothingOld() {
  Play play(3);
  int leader = 0;
  for (int i = 0; i < 3; ++i) {
    if (play.member(i).is_leader()) leader = i;
  }
  if (!play.Put(leader, "key", "old")) return false;
  play.world().Pause(Play::Name(leader));
  const int other = (leader + 1) % 3;
  if (!play.Until([&] { return play.Put(other, "key", "new"); }, 60s)) return false;
  // Asked while it sleeps, answered when it wakes.
  auto answer = std::make_shared<std::optional<Result<client::EtcdRangeResult>>>();
  play.client(leader).Range({.key = "key"}, [answer](Result<client::EtcdRangeResult> r) { *answer = std::move(r); });
  play.world().RunFor(100ms);
  play.world().Resume(Play::Name(leader));
  if (!play.Until([&] { return answer->has_value(); })) return false;
  const bool fresh = !(*answer)->ok() || (**answer)->kvs[0].value == "new";
  return fresh && play.Until([&] { return play.Put(leader, "key", "newer"); });
}

// etcd-io/etcd#18055: a second snapshot on the heels of the first stopped a member.
bool SnapshotsInQuickSuccessionAreTaken() {
  Play play(3);
  const int behind = play.Follower();
  const int other = (behind + 1) % 3;
  for (int round = 0; round < 4; ++round) {
    play.CutOff(behind);
    if (!play.WriteMuch(other)) return false;
    play.Heal();
    play.world().RunFor(30ms * round);  // cut off again in the middle of it
  }
  return play.CaughtUp(behind, other) && play.WriteMuch(behind, 5) &&
         play.world().status(Play::Name(behind)) == runtime::sim::ProcessStatus::kRunning;
}

// etcd-io/etcd#14370: a member alone acknowledged a write before it was on its disk.
bool AnAcknowledgedWriteSurvivesThePowerCut() {
  Play play(1);
  for (int i = 0; i < 20; ++i) {
    const std::string value = std::to_string(i);
    if (!play.Put(0, "key", value)) return false;
    play.world().Crash(Play::Name(0), CrashKind::kPowerCut);
    play.world().Restart(Play::Name(0));
    std::string found;
    const bool read = play.Until([&] {
      const auto range =
          play.Wait<client::EtcdRangeResult>([&](auto done) { play.client(0).Range({.key = "key"}, done); });
      if (range.ok()) found = range->kvs.empty() ? "none" : range->kvs[0].value;
      return range.ok();
    });
    if (!read || found != value) return false;
  }
  return true;
}

struct Known {
  const char* name;
  bool (*ends_well)();
  const char* mutant;  // "": none that this play was seen to tell
};

constexpr Known kKnown[] = {
    {"14370", AnAcknowledgedWriteSurvivesThePowerCut, "store-ack-before-commit"},
    {"14571", AuthComesWithASnapshot, ""},
    {"15271", AWatchGoesOnOverASnapshot, ""},
    {"17780", TheRevisionSurvivesCompactionAndCrash, ""},
    {"18055", SnapshotsInQuickSuccessionAreTaken, ""},
    {"18667", ARefusedTransactionIsRefusedEverywhere, "store-txn-keeps-what-was-done"},
    {"20221", AWatchOfTheFutureWaitsOverASnapshot, ""},
    {"20418", ASleepingLeaderReadsNothingOld, "store-serves-stale-linearizable-read"},
};

class KnownBug : public testing::TestWithParam<Known> {};

TEST_P(KnownBug, IsNotOurs) { EXPECT_TRUE(GetParam().ends_well()); }

TEST_P(KnownBug, WouldBeSeen) {
#ifdef KP_NO_MUTANTS
  GTEST_SKIP() << "not run: this build has no mutants";
#endif
  if (GetParam().mutant[0] == '\0') GTEST_SKIP() << "no deliberate bug for this play yet";
  SetActiveMutant(GetParam().mutant);
  const bool well = GetParam().ends_well();
  SetActiveMutant("");
  EXPECT_FALSE(well) << GetParam().mutant << " is not seen";
}

INSTANTIATE_TEST_SUITE_P(Etcd, KnownBug, testing::ValuesIn(kKnown), [](const testing::TestParamInfo<Known>& info) {
  return std::string("issue") + info.param.name;
});

}  // namespace
}  // namespace kp::properties
