#include <utility>

#include "reference/store/services.h"

namespace kp::store {

void Services::BindLease(transport::GrpcServices& services) {
  const auto bind = [&](const std::string& name, std::function<void(std::string_view, Reply)> method) {
    services.unary["/etcdserverpb.Lease/" + name] = Guarded(std::move(method));
  };
  bind("LeaseGrant", [this](std::string_view bytes, Reply reply) { LeaseGrant(bytes, std::move(reply)); });
  bind("LeaseRevoke", [this](std::string_view bytes, Reply reply) {
    const Result<LeaseRevokeRequest> request = Decode<LeaseRevokeRequest>(bytes);
    if (!request.ok()) return reply(request.error());
    Propose(CommandKind::kLeaseRevoke, std::string(bytes), *request, std::move(reply));
  });
  bind("LeaseTimeToLive", [this](std::string_view bytes, const Reply& reply) {
    const Result<LeaseTimeToLiveRequest> request = Decode<LeaseTimeToLiveRequest>(bytes);
    if (!request.ok()) return reply(request.error());
    member_.LeaseTimeToLive(*request, alive_.Wrap([this, reply](const Result<LeaseTimeToLiveResponse>& answer) {
      if (!answer.ok()) return reply(answer.error());
      reply(Encode(member_.Header(member_.store().revision()), *answer));
    }));
  });
  bind("LeaseLeases", [this](std::string_view, const Reply& reply) {
    std::vector<LeaseId> ids;
    for (const auto& [id, lease] : member_.store().leases()) ids.push_back(id);
    reply(EncodeLeases(member_.Header(member_.store().revision()), ids));
  });
}

// The id and the least time are settled before the request enters the log, so all members agree.
void Services::LeaseGrant(std::string_view bytes, Reply reply) {
  Result<LeaseGrantRequest> request = Decode<LeaseGrantRequest>(bytes);
  if (!request.ok()) return reply(request.error());
  while (request->id == 0) {
    const auto drawn = static_cast<LeaseId>(lease_ids_.Next() & INT64_MAX);
    if (drawn != 0 && member_.store().leases().count(drawn) == 0) request->id = drawn;
  }
  // Shorter leases could end before a leader change is over.
  const auto least = std::chrono::ceil<std::chrono::seconds>(member_.options().election_timeout * 3 / 2).count();
  request->ttl = std::max<int64_t>(request->ttl, least);
  Propose(CommandKind::kLeaseGrant, EncodeRequest(*request), *request, std::move(reply));
}

}  // namespace kp::store
