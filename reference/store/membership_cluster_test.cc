// Members that come and go, in the simulator.
#include <gtest/gtest.h>

#include <algorithm>

#include "reference/base/mutant.h"
#include "reference/client/etcd.h"
#include "reference/runtime/sim/world.h"
#include "reference/store/server.h"

namespace kp::store {
namespace {

using runtime::sim::CrashKind;
using runtime::sim::ProcessStatus;
using runtime::sim::World;
using Type = MemberChange::Type;

std::string Name(int i) { return "store-" + std::to_string(i); }
std::string Host(int i) { return "10.0.0." + std::to_string(i + 1); }
std::string PeerUrl(int i) { return "http://" + Host(i) + ":2380"; }

struct ActiveMutant {
  explicit ActiveMutant(const std::string& name) { SetActiveMutant(name); }
  ~ActiveMutant() { SetActiveMutant(""); }
};

class Members : public ::testing::Test {
 protected:
  ServerOptions OptionsOf(int i, int members, bool joins) {
    std::string cluster;
    for (int n = 0; n < members; ++n) cluster += (n > 0 ? "," : "") + Name(n) + "=" + PeerUrl(n);
    return {.name = Name(i),
            .data_dir = "/data",
            .listen_client_urls = "http://" + Host(i) + ":2379",
            .listen_peer_urls = PeerUrl(i),
            .initial_advertise_peer_urls = PeerUrl(i),
            .initial_cluster = cluster,
            .joins_existing = joins,
            .snapshot_count = 50,
            .catch_up_entries = 10};
  }
  void Begin(int members) {
    for (int i = 0; i < members; ++i) Spawn(i, members, false);
    client_env_ = &world.Spawn("client", "10.0.0.99");
    client_ = *client::EtcdClient::Create(*client_env_, {.endpoints = {Host(0) + ":2379", Host(1) + ":2379"}});
    ASSERT_TRUE(world.RunUntil([&] { return Leader() >= 0; }, 20s).ok());
    world.RunFor(6s);  // connected for as long as a healthy member is
  }
  void Join(int i) { Spawn(i, i + 1, true); }
  void Spawn(int i, int members, bool joins) {
    world.Spawn(Name(i), Host(i), ServerFactory(OptionsOf(i, members, joins)));
    spawned.insert(i);
  }

  // Null while it is down or has not been told of the cluster.
  Member* Find(int i) {
    if (!spawned.contains(i) || world.status(Name(i)) != ProcessStatus::kRunning) return nullptr;
    auto& actor = world.actor<runtime::Actor>(Name(i));
    if (auto* server = dynamic_cast<Server*>(&actor)) return &server->member();
    Server* server = dynamic_cast<JoiningServer&>(actor).server();
    return server == nullptr ? nullptr : &server->member();
  }
  int Leader() {
    for (const int i : spawned) {
      if (Member* member = Find(i); member != nullptr && member->is_leader()) return i;
    }
    return -1;
  }
  // Through member `at`; "" when the change was made.
  std::string Change(int at, Type type, const MemberDescription& member) {
    std::optional<std::string> outcome;
    Find(at)->ChangeMembers({type, member},
                            [&](const Result<Response>& result) { outcome = result.status().message(); });
    EXPECT_TRUE(world.RunUntil([&] { return outcome.has_value(); }, 20s).ok());
    return outcome.value_or("no answer");
  }
  std::string Add(int at, int i, Type type = Type::kAdd) {
    MemberDescription member{.id = static_cast<uint64_t>(1000 + i), .peer_urls = {PeerUrl(i)}};
    return Change(at, type, member);
  }
  void Put(int count) {
    for (int i = 0; i < count; ++i) {
      std::optional<Result<int64_t>> answer;
      client_->Put("k" + std::to_string(i), std::string(200, 'v'), 0,
                   [&](Result<int64_t> revision) { answer = std::move(revision); });
      ASSERT_TRUE(world.RunUntil([&] { return answer.has_value(); }, 20s).ok());
      ASSERT_TRUE((*answer).ok()) << answer->status().ToString();
    }
  }
  bool CaughtUp(int i) {
    return Find(i) != nullptr && Find(i)->store().revision() == Find(Leader())->store().revision() &&
           Find(i)->store().Serialize() == Find(Leader())->store().Serialize();
  }

  World world{{.seed = 7}};
  std::set<int> spawned;
  runtime::Env* client_env_ = nullptr;
  std::unique_ptr<client::EtcdClient> client_;
};

TEST_F(Members, ClusterOfOneGrowsToThreeAndSurvivesTheFirst) {
  Begin(1);
  Put(3);
  for (int i = 1; i < 3; ++i) {
    ASSERT_EQ(Add(0, i), "");
    Join(i);
    ASSERT_TRUE(
        world.RunUntil([&] { return CaughtUp(i) && Find(0)->membership().Find(1000 + i)->name == Name(i); }, 20s).ok());
    world.RunFor(6s);
  }
  world.Crash(Name(0), CrashKind::kKill);
  ASSERT_TRUE(world.RunUntil([&] { return Leader() > 0; }, 20s).ok());
  Put(3);
}

TEST_F(Members, AMemberThatJoinsLateGetsASnapshot) {
  Begin(3);
  Put(120);
  ASSERT_GT(Find(Leader())->counters().snapshots, 0U);
  ASSERT_EQ(Add(1, 3), "") << "through whichever member";
  Join(3);
  ASSERT_TRUE(world.RunUntil([&] { return CaughtUp(3); }, 20s).ok());
  EXPECT_EQ(Find(3)->raft().configuration(), Find(Leader())->raft().configuration());
  EXPECT_EQ(Find(3)->membership().members().size(), 4U);
}

TEST_F(Members, ALearnerIsPromotedOnceItHasTheLog) {
  Begin(3);
  Put(60);
  ASSERT_EQ(Add(0, 3, Type::kAddLearner), "");
  for (int at : {0, 1, 2}) {
    EXPECT_EQ(Change(at, Type::kPromote, {.id = 1003}),
              "etcdserver: can only promote a learner member which is in sync with leader");
  }
  Join(3);
  ASSERT_TRUE(world.RunUntil([&] { return CaughtUp(3); }, 20s).ok());
  EXPECT_TRUE(Find(3)->is_learner());
  world.RunFor(1s);  // the leader has heard of it
  EXPECT_EQ(Find(0)->raft().configuration().voters.size(), 3U);
  EXPECT_EQ(Change(2, Type::kPromote, {.id = 1003}), "");
  EXPECT_EQ(Find(2)->raft().configuration().voters.size(), 4U);
}

TEST_F(Members, ARemovedMemberStopsAndIsNotLetInAgain) {
  Begin(3);
  const int leader = Leader();
  const int gone = (leader + 1) % 3;
  const uint64_t id = Find(gone)->options().self;
  ASSERT_EQ(Change(leader, Type::kRemove, {.id = id}), "");
  ASSERT_TRUE(world.RunUntil([&] { return world.status(Name(gone)) != ProcessStatus::kRunning; }, 20s).ok());
  EXPECT_EQ(Find(leader)->raft().configuration().voters.size(), 2U);
  Put(3);
}

TEST_F(Members, ALeaderMayRemoveItself) {
  Begin(3);
  const int leader = Leader();
  ASSERT_EQ(Change(leader, Type::kRemove, {.id = Find(leader)->options().self}), "");
  ASSERT_TRUE(world.RunUntil([&] { return Leader() >= 0 && Leader() != leader; }, 20s).ok());
  ASSERT_TRUE(world.RunUntil([&] { return world.status(Name(leader)) != ProcessStatus::kRunning; }, 20s).ok());
}

TEST_F(Members, WhatWouldCostTheQuorumIsRefused) {
  Begin(3);
  ASSERT_EQ(Add(0, 3), "");
  EXPECT_EQ(Add(0, 4), "etcdserver: unhealthy cluster") << "the fourth is not there yet";
  world.Crash(Name(2), CrashKind::kKill);
  world.RunFor(1s);
  EXPECT_EQ(Change(0, Type::kRemove, {.id = Find(0)->options().self}), "etcdserver: unhealthy cluster");
}

TEST_F(Members, LeadershipMovesWhereItIsAsked) {
  Begin(3);
  const int leader = Leader();
  const int next = (leader + 1) % 3;
  std::vector<std::string> answers;
  const auto move = [&](int at, uint64_t to) {
    const size_t before = answers.size();
    Find(at)->MoveLeader(to, [&](const Status& status) { answers.push_back(status.message()); });
    EXPECT_TRUE(world.RunUntil([&] { return answers.size() > before; }, 20s).ok());
    return answers.back();
  };
  EXPECT_EQ(move(next, Find(next)->options().self), "etcdserver: not leader");
  EXPECT_EQ(move(leader, 12345), "etcdserver: bad leader transferee");
  EXPECT_EQ(move(leader, Find(next)->options().self), "");
  EXPECT_EQ(Leader(), next);
}

// The state of the members themselves comes back from log and snapshot.
TEST_F(Members, RestartsKeepTheMembers) {
  Begin(3);
  ASSERT_EQ(Add(0, 3), "");
  Join(3);
  ASSERT_TRUE(world.RunUntil([&] { return CaughtUp(3); }, 20s).ok());
  Put(120);
  for (int i = 0; i < 4; ++i) {
    world.Crash(Name(i), CrashKind::kKill);
    world.Restart(Name(i));
    ASSERT_TRUE(world.RunUntil([&] { return Leader() >= 0 && Find(i) != nullptr; }, 20s).ok());
    ASSERT_TRUE(world.RunUntil([&] { return Find(i)->membership().members().size() == 4; }, 20s).ok());
  }
}

}  // namespace
}  // namespace kp::store
