// Whether a caller may do what a request says: every key it reads, writes or compares, in both branches of a
// transaction and the ones nested in it, whichever is taken. Asked where a command is applied, so that all
// members agree, and before a read is answered.
#pragma once

#include "reference/base/status.h"
#include "reference/store/auth.h"
#include "reference/store/mvcc.h"

namespace kp::store {

class Access {
 public:
  Access(const Auth& auth, const Mvcc& store, const Caller& caller) : auth_(auth), store_(store), caller_(caller) {}

  Status Check(const Command& command) const;

  Status Check(const RangeRequest& request) const;
  Status Check(const PutRequest& request) const;
  Status Check(const DeleteRangeRequest& request) const;
  Status Check(const TxnRequest& request) const;
  Status Check(const CompactRequest& request) const;
  Status Check(const LeaseGrantRequest& request) const;
  Status Check(const LeaseRevokeRequest& request) const;
  Status Check(const AlarmRequest& request) const;
  Status Check(const AuthCommand& request) const;
  // A lease decides over all its keys, so only who may write each of them may use it.
  Status CheckLease(LeaseId id) const;
  // Who asks for a lease's keys learns their names.
  Status CheckNames(const std::vector<std::string>& keys) const;

 private:
  Status Check(const std::vector<RequestOp>& operations) const;

  const Auth& auth_;
  const Mvcc& store_;
  const Caller& caller_;
};

}  // namespace kp::store
