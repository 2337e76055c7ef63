#include "properties/store/member_scripts.h"

#include <algorithm>

#include "reference/base/check.h"
#include "reference/runtime/sim/world.h"
#include "reference/store/backend_image.h"
#include "reference/store/etcd.pb.h"
#include "reference/store/server.h"

namespace kp::properties {
namespace {

using store::MemberChange;

std::string Name(int i) { return "store-" + std::to_string(i); }
std::string Host(int i) { return "10.0.0." + std::to_string(i + 1); }
std::string PeerUrl(int i) { return "http://" + Host(i) + ":2380"; }

store::ServerOptions OptionsOf(int i, int members) {
  std::string cluster;
  for (int n = 0; n < members; ++n) cluster += (n > 0 ? "," : "") + Name(n) + "=" + PeerUrl(n);
  return {.name = Name(i),
          .data_dir = "/data",
          .listen_client_urls = "http://" + Host(i) + ":2379",
          .listen_peer_urls = PeerUrl(i),
          .initial_advertise_peer_urls = PeerUrl(i),
          .initial_cluster = cluster};
}

// Three members, connected for as long as healthy ones are.
struct Three {
  Three() {
    for (int i = 0; i < 3; ++i) world.Spawn(Name(i), Host(i), store::ServerFactory(OptionsOf(i, 3)));
    world.RunFor(8s);
    CHECK(Find(0).has_leader());
  }
  store::Member& Find(int i) { return world.actor<store::Server>(Name(i)).member(); }
  // "" when the change was made.
  std::string Change(MemberChange::Type type, int added) {
    MemberChange change{type, {.id = static_cast<uint64_t>(1000 + added), .peer_urls = {PeerUrl(added)}}};
    std::optional<std::string> outcome;
    Find(0).ChangeMembers(change, [&](const auto& result) { outcome = result.status().message(); });
    (void)world.RunUntil([&] { return outcome.has_value(); }, 20s);
    return outcome.value_or("no answer");
  }
  runtime::sim::World world{{.seed = 5}};
};

}  // namespace

std::optional<std::string> ChangesKeepTheQuorum() {
  Three cluster;
  cluster.world.Crash(Name(2), runtime::sim::CrashKind::kKill);
  cluster.world.RunFor(1s);
  if (!cluster.Change(MemberChange::Type::kAdd, 3).empty()) return std::nullopt;
  return "a fourth voter was added to three of which one is down";
}

std::optional<std::string> LearnersAreNotPromotedEmpty() {
  Three cluster;
  CHECK(cluster.Change(MemberChange::Type::kAddLearner, 3).empty());
  if (!cluster.Change(MemberChange::Type::kPromote, 3).empty()) return std::nullopt;
  return "a learner that never was there votes";
}

std::optional<std::string> RemovedMembersAreRemembered() {
  store::Membership members({{.id = 1, .name = "a"}, {.id = 2, .name = "b"}});
  members.Apply({MemberChange::Type::kRemove, {.id = 2}});
  if (members.Removed(2)) return std::nullopt;
  return "nobody knows that the member was removed";
}

std::optional<std::string> OtherClustersStayOut() {
  Three cluster;
  store::ServerOptions options = OptionsOf(3, 4);
  options.initial_cluster_token = "other";
  cluster.world.Spawn(Name(3), Host(3), store::ServerFactory(options));
  cluster.world.RunFor(2s);
  const auto& log = cluster.world.log_lines();
  const bool refused = std::any_of(log.begin(), log.end(), [](const std::string& line) {
    return line.find("refused member") != std::string::npos && line.find("it is of cluster") != std::string::npos;
  });
  if (refused) return std::nullopt;
  return "a member of another cluster was let in";
}

std::optional<std::string> SnapshotsCarryTheirChecksum() {
  struct Blobs : transport::GrpcClientStreamHandler {
    void OnMessage(std::string_view message) override {
      etcdserverpb::SnapshotResponse response;
      CHECK(response.ParseFromArray(message.data(), static_cast<int>(message.size())));
      file += response.blob();
    }
    void OnEnd(const Status&) override { ended = true; }
    std::string file;
    bool ended = false;
  };
  Three cluster;
  runtime::Env& env = cluster.world.Spawn("client", Host(8));
  const auto channel = *transport::GrpcChannel::Create(env, {.http = {.endpoints = {Host(0) + ":2379"}}});
  Blobs blobs;
  const auto stream = channel->OpenStream("/etcdserverpb.Maintenance/Snapshot", {}, &blobs);
  stream->Send("");
  stream->CloseSend();
  (void)cluster.world.RunUntil([&] { return blobs.ended; }, 20s);
  const auto content = store::CheckSnapshot(blobs.file, store::HashCheck::kRequired);
  if (content.ok() && store::ReadBackend(*content).ok()) return std::nullopt;
  return "the snapshot is not what its checksum says: " + content.status().message();
}

}  // namespace kp::properties
