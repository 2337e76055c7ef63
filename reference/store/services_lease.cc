#include <utility>

#include "reference/base/mutant.h"
#include "reference/store/services.h"

namespace kp::store {

void Services::BindLease(transport::GrpcServices& services) {
  const auto bind = [&](const std::string& name, Method method) {
    services.unary["/etcdserverpb.Lease/" + name] = Identified(std::move(method));
  };
  bind("LeaseGrant", [this](const Caller& caller, std::string_view bytes, Reply reply) {
    LeaseGrant(caller, bytes, std::move(reply));
  });
  bind("LeaseRevoke", [this](const Caller& caller, std::string_view bytes, Reply reply) {
    const Result<LeaseRevokeRequest> request = Decode<LeaseRevokeRequest>(bytes);
    if (!request.ok()) return reply(request.error());
    Propose(CommandKind::kLeaseRevoke, std::string(bytes), *request, caller, std::move(reply));
  });
  bind("LeaseTimeToLive", [this](const Caller& caller, std::string_view bytes, Reply reply) {
    LeaseTimeToLive(caller, bytes, std::move(reply));
  });
  bind("LeaseLeases", [this](const Caller& caller, std::string_view, const Reply& reply) {
    if (kp::Status status = member_.auth().CheckKnown(caller); !status.ok()) return reply(status);
    std::vector<LeaseId> ids;
    for (const auto& [id, lease] : member_.store().leases()) ids.push_back(id);
    reply(EncodeLeases(member_.Header(member_.store().revision()), ids));
  });
}

void Services::LeaseTimeToLive(const Caller& caller, std::string_view bytes, Reply reply) {
  const Result<LeaseTimeToLiveRequest> request = Decode<LeaseTimeToLiveRequest>(bytes);
  if (!request.ok()) return reply(request.error());
  member_.LeaseTimeToLive(
      *request, alive_.Wrap([this, caller, reply = std::move(reply)](const Result<LeaseTimeToLiveResponse>& answer) {
        if (!answer.ok()) return reply(answer.error());
        if (kp::Status status = AccessOf(caller).CheckNames(answer->keys); !status.ok()) return reply(status);
        reply(Encode(member_.Header(member_.store().revision()), *answer));
      }));
}

// The id and the least time are settled before the request enters the log, so all members agree.
void Services::LeaseGrant(const Caller& caller, std::string_view bytes, Reply reply) {
  Result<LeaseGrantRequest> request = Decode<LeaseGrantRequest>(bytes);
  if (!request.ok()) return reply(request.error());
  if (KP_MUTANT("lease-ignores-the-given-id")) request->id = 0;
  while (request->id == 0) {
    const auto drawn = static_cast<LeaseId>(lease_ids_.Next() & INT64_MAX);
    if (drawn != 0 && member_.store().leases().count(drawn) == 0)
      request->id = KP_MUTANT("lease-ids-are-below-zero") ? -drawn : drawn;
  }
  // Shorter leases could end before a leader change is over.
  const auto least = std::chrono::ceil<std::chrono::seconds>(member_.options().election_timeout * 3 / 2).count();
  if (!KP_MUTANT("store-grants-any-time")) request->ttl = std::max<int64_t>(request->ttl, least);
  Propose(CommandKind::kLeaseGrant, EncodeRequest(*request), *request, caller, std::move(reply));
}

}  // namespace kp::store
