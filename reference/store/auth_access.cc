#include "reference/store/auth_access.h"

#include "reference/base/mutant.h"
#include "reference/store/errors.h"

namespace kp::store {
namespace {

constexpr auto kRead = Permission::Type::kRead;
constexpr auto kWrite = Permission::Type::kWrite;

}  // namespace

Status Access::Check(const Command& command) const {
  if (!auth_.enabled()) return {};
  return std::visit([this](const auto& request) { return Check(request); }, command);
}

Status Access::Check(const RangeRequest& request) const {
  return auth_.CheckRange(caller_, kRead, request.key, request.range_end);
}

Status Access::Check(const PutRequest& request) const {
  Status status = auth_.CheckRange(caller_, kWrite, request.key, "");
  if (status.ok() && request.lease != 0 && !KP_MUTANT("auth-any-lease-can-be-attached")) {
    status = CheckLease(request.lease);
  }
  if (status.ok() && request.prev_kv && !KP_MUTANT("auth-prev-kv-needs-no-read")) {
    status = auth_.CheckRange(caller_, kRead, request.key, "");
  }
  return status;
}

Status Access::Check(const DeleteRangeRequest& request) const {
  Status status = auth_.CheckRange(caller_, kWrite, request.key, request.range_end);
  if (status.ok() && request.prev_kv && !KP_MUTANT("auth-prev-kv-needs-no-read")) {
    status = auth_.CheckRange(caller_, kRead, request.key, request.range_end);
  }
  return status;
}

Status Access::Check(const TxnRequest& request) const {
  if (Status status = auth_.CheckKnown(caller_); !status.ok()) return status;
  for (const Compare& compare : request.compares) {
    if (KP_MUTANT("auth-compares-need-no-read")) break;
    const Status status = auth_.CheckRange(caller_, kRead, compare.key, compare.range_end);
    if (!status.ok()) return status;
  }
  const Status status = Check(request.success);
  return status.ok() && !KP_MUTANT("auth-looks-at-the-first-branch-only") ? Check(request.failure) : status;
}

Status Access::Check(const std::vector<RequestOp>& operations) const {
  for (const RequestOp& op : operations) {
    Status status;
    if (const auto* range = std::get_if<RangeRequest>(&op)) status = Check(*range);
    if (const auto* put = std::get_if<PutRequest>(&op)) status = Check(*put);
    if (const auto* erase = std::get_if<DeleteRangeRequest>(&op)) status = Check(*erase);
    if (const auto* txn = std::get_if<std::shared_ptr<const TxnRequest>>(&op)) {
      if (!KP_MUTANT("auth-skips-nested-transactions")) status = Check(**txn);
    }
    if (!status.ok()) return status;
  }
  return {};
}

Status Access::Check(const CompactRequest&) const { return auth_.CheckKnown(caller_); }
Status Access::Check(const LeaseGrantRequest&) const { return auth_.CheckKnown(caller_); }
Status Access::Check(const LeaseRevokeRequest& request) const { return CheckLease(request.id); }

Status Access::Check(const AlarmRequest& request) const {
  return request.action == AlarmRequest::Action::kGet || KP_MUTANT("auth-everybody-raises-alarms")
             ? auth_.CheckKnown(caller_)
             : auth_.CheckAdmin(caller_);
}

Status Access::Check(const AuthCommand& request) const {
  if (request.verb != AuthCommand::Verb::kAuthenticate) return auth_.CheckAdmin(caller_);
  // The password was right when it was looked at; it may have been changed since.
  return request.auth_revision == auth_.revision() ? Status() : ErrorAuthOldRevision();
}

Status Access::CheckLease(LeaseId id) const {
  if (Status status = auth_.CheckKnown(caller_); !status.ok()) return status;
  auto lease = store_.leases().find(id);
  if (lease == store_.leases().end() || KP_MUTANT("auth-leases-are-free")) return {};
  for (const std::string& key : lease->second.keys) {
    if (Status status = auth_.CheckRange(caller_, kWrite, key, ""); !status.ok()) return status;
  }
  return {};
}

Status Access::CheckNames(const std::vector<std::string>& keys) const {
  if (Status status = auth_.CheckKnown(caller_); !status.ok()) return status;
  if (KP_MUTANT("auth-time-to-live-tells-all-keys")) return {};
  for (const std::string& key : keys) {
    if (Status status = auth_.CheckRange(caller_, kRead, key, ""); !status.ok()) return status;
  }
  return {};
}

}  // namespace kp::store
