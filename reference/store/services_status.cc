#include <utility>

#include "reference/base/mutant.h"
#include "reference/store/services.h"

namespace kp::store {

void Services::BindMaintenance(transport::GrpcServices& services) {
  const std::string prefix = "/etcdserverpb.Maintenance/";
  services.unary[prefix + "Status"] = [this](const Context&, std::string_view, const Reply& reply) { Status(reply); };
  services.unary[prefix + "Alarm"] = Identified([this](const Caller& caller, std::string_view bytes, Reply reply) {
    const Result<AlarmRequest> request = Decode<AlarmRequest>(bytes);
    if (!request.ok()) return reply(request.error());
    Propose(CommandKind::kAlarm, std::string(bytes), *request, caller, std::move(reply));
  });
  // The state is in memory and its files are replaced as a whole: there is nothing to defragment.
  services.unary[prefix + "Defragment"] = Guarded([this](std::string_view, const Reply& reply) {
    if (KP_MUTANT("defragment-is-refused")) return reply(ErrorUnhealthy());
    reply(Encode(member_.Header(0), PlainResponse()));
  });
  services.unary[prefix + "HashKV"] = Guarded([this](std::string_view bytes, const Reply& reply) {
    const Result<int64_t> revision = Decode<int64_t>(bytes);
    if (!revision.ok()) return reply(revision.error());
    const Result<uint32_t> hash = member_.store().HashKv(KP_MUTANT("hash-takes-no-revision") ? 0 : *revision);
    if (!hash.ok()) return reply(hash.error());
    const auto salt = static_cast<uint32_t>(KP_MUTANT("hash-depends-on-the-member") ? member_.options().self : 0);
    reply(EncodeHashKv(member_.Header(member_.store().revision()), *hash ^ salt, member_.store().compacted()));
  });
  services.unary[prefix + "Hash"] = Guarded([this](std::string_view, const Reply& reply) {
    reply(EncodeHash(member_.Header(member_.store().revision()), *member_.store().HashKv(0)));
  });
  services.unary[prefix + "MoveLeader"] =
      Guarded([this](std::string_view bytes, Reply reply) { MoveLeader(bytes, std::move(reply)); });
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
      .learner = member_.is_learner(),
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

transport::HttpHandler Services::MetricsPages() {
  return [pages = Pages()](const transport::HttpRequest& request,
                           const std::shared_ptr<transport::HttpResponder>& responder) {
    for (const char* page : {"/metrics", "/health", "/livez", "/readyz"}) {
      if (request.path == page) return pages(request, responder);
    }
    responder->Send(404, {{"content-type", "text/plain; charset=utf-8"}}, "404 page not found\n");
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

}  // namespace kp::store
