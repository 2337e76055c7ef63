#include <utility>

#include "reference/store/services.h"

namespace kp::store {

void Services::BindMaintenance(transport::GrpcServices& services) {
  const std::string prefix = "/etcdserverpb.Maintenance/";
  services.unary[prefix + "Status"] = [this](const Context&, std::string_view, const Reply& reply) { Status(reply); };
  services.unary[prefix + "Alarm"] = Guarded([this](std::string_view bytes, Reply reply) {
    const Result<AlarmRequest> request = Decode<AlarmRequest>(bytes);
    if (!request.ok()) return reply(request.error());
    Propose(CommandKind::kAlarm, std::string(bytes), *request, std::move(reply));
  });
  // The state is in memory and its files are replaced as a whole: there is nothing to defragment.
  services.unary[prefix + "Defragment"] =
      Guarded([this](std::string_view, const Reply& reply) { reply(Encode(member_.Header(0), PlainResponse())); });
  services.unary[prefix + "HashKV"] = Guarded([this](std::string_view bytes, const Reply& reply) {
    const Result<int64_t> revision = Decode<int64_t>(bytes);
    if (!revision.ok()) return reply(revision.error());
    const Result<uint32_t> hash = member_.store().HashKv(*revision);
    if (!hash.ok()) return reply(hash.error());
    reply(EncodeHashKv(member_.Header(member_.store().revision()), *hash, member_.store().compacted()));
  });
  services.unary[prefix + "Hash"] = Guarded([this](std::string_view, const Reply& reply) {
    reply(EncodeHash(member_.Header(member_.store().revision()), *member_.store().HashKv(0)));
  });
  services.unary["/etcdserverpb.Cluster/MemberList"] =
      Guarded([this](std::string_view, const Reply& reply) { reply(Encode(member_.Header(0), member_.Members())); });
}

void Services::Status(Reply reply) {
  const Mvcc& store = member_.store();
  StatusResponse response{
      .version = std::string(kApiVersion),
      .size = store.size_bytes(),
      .size_in_use = store.size_in_use_bytes(),
      .leader = member_.raft().leader(),
      .raft_index = member_.raft().log().commit(),
      .raft_term = member_.raft().term(),
      .applied_index = member_.applied_index(),
  };
  if (!member_.has_leader()) response.errors.push_back(ErrorNoLeader().message());
  for (const AlarmMember& alarm : store.alarms()) {
    response.errors.push_back("memberID:" + std::to_string(alarm.member) +
                              (alarm.alarm == AlarmType::kNoSpace ? " alarm:NOSPACE " : " alarm:CORRUPT "));
  }
  reply(Encode(member_.Header(store.revision()), response));
}

transport::HttpHandler Services::Pages() {
  return [this](const transport::HttpRequest& request, const std::shared_ptr<transport::HttpResponder>& responder) {
    const transport::Headers json{{"content-type", "application/json"}};
    const transport::Headers plain{{"content-type", "text/plain; charset=utf-8"}};
    if (request.path == "/version") {
      responder->Send(200, json, R"({"etcdserver":")" + std::string(kApiVersion) + R"(","etcdcluster":"3.4.0"})");
    } else if (request.path == "/metrics") {
      responder->Send(200, {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}}, Metrics());
    } else if (request.path == "/health") {
      Health(responder, json, R"({"health":"true"})", R"({"health":"false"})");
    } else if (request.path == "/readyz") {
      Health(responder, plain, "ok\n", "no leader, or an alarm is raised\n");
    } else if (request.path == "/livez") {
      responder->Send(200, plain, "ok\n");
    } else {
      responder->Send(404, plain, "404 page not found\n");
    }
  };
}

// Healthy is who can serve a linearizable read.
void Services::Health(const std::shared_ptr<transport::HttpResponder>& responder, const transport::Headers& headers,
                      const std::string& healthy, const std::string& unhealthy) {
  if (!member_.has_leader() || !member_.store().alarms().empty()) return responder->Send(503, headers, unhealthy);
  member_.ReadBarrier(alive_.Wrap([=](const kp::Status& status) {
    responder->Send(status.ok() ? 200 : 503, headers, status.ok() ? healthy : unhealthy);
  }));
}

// Names are etcd's where it has the same thing.
std::string Services::Metrics() const {
  std::string text;
  const auto add = [&text](std::string_view type, std::string_view name, uint64_t value) {
    text += "# TYPE " + std::string(name) + " " + std::string(type) + "\n" + std::string(name) + " " +
            std::to_string(value) + "\n";
  };
  const Mvcc& store = member_.store();
  const MemberCounters& counters = member_.counters();
  add("gauge", "etcd_server_has_leader", member_.has_leader() ? 1 : 0);
  add("gauge", "etcd_server_is_leader", member_.is_leader() ? 1 : 0);
  add("counter", "etcd_server_leader_changes_seen_total", counters.leader_changes);
  add("gauge", "etcd_server_proposals_committed_total", member_.raft().log().commit());
  add("gauge", "etcd_server_proposals_applied_total", member_.applied_index());
  add("gauge", "etcd_server_proposals_pending", member_.pending_proposals());
  add("counter", "etcd_server_proposals_failed_total", counters.proposals_failed);
  add("counter", "etcd_mvcc_put_total", counters.puts);
  add("gauge", "etcd_mvcc_db_total_size_in_bytes", static_cast<uint64_t>(store.size_bytes()));
  add("gauge", "etcd_mvcc_db_total_size_in_use_in_bytes", static_cast<uint64_t>(store.size_in_use_bytes()));
  add("gauge", "etcd_debugging_mvcc_keys_total", store.keys());
  add("gauge", "etcd_debugging_mvcc_watch_stream_total", member_.hub().streams());
  add("gauge", "etcd_debugging_mvcc_watcher_total", member_.hub().watchers());
  add("gauge", "etcd_debugging_mvcc_slow_watcher_total", member_.hub().unsynced());
  add("counter", "etcd_debugging_mvcc_events_total", member_.hub().sent_events());
  add("gauge", "etcd_debugging_mvcc_current_revision", static_cast<uint64_t>(store.revision()));
  add("counter", "kubeproof_store_wal_syncs_total", member_.wal().syncs());
  add("counter", "kubeproof_store_wal_written_bytes_total", member_.wal().written_bytes());
  add("counter", "kubeproof_store_proposals_total", counters.proposals);
  add("counter", "kubeproof_store_linearizable_reads_total", counters.reads);
  add("counter", "kubeproof_store_read_rounds_total", counters.read_rounds);
  add("counter", "kubeproof_store_snapshots_total", counters.snapshots);
  return text;
}

}  // namespace kp::store
