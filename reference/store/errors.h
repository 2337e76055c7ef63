// The statuses of the etcd v3 API. Clients compare the text, so it is etcd's to the letter
// (go.etcd.io/etcd/etcdserver/api/v3rpc/rpctypes).
#pragma once

#include "reference/base/status.h"

namespace kp::store {

inline Status ErrorEmptyKey() { return {Code::kInvalidArgument, "etcdserver: key is not provided"}; }
inline Status ErrorKeyNotFound() { return {Code::kInvalidArgument, "etcdserver: key not found"}; }
inline Status ErrorValueProvided() { return {Code::kInvalidArgument, "etcdserver: value is provided"}; }
inline Status ErrorLeaseProvided() { return {Code::kInvalidArgument, "etcdserver: lease is provided"}; }
inline Status ErrorTooManyOps() { return {Code::kInvalidArgument, "etcdserver: too many operations in txn request"}; }
inline Status ErrorDuplicateKey() { return {Code::kInvalidArgument, "etcdserver: duplicate key given in txn request"}; }
inline Status ErrorInvalidSortOption() { return {Code::kInvalidArgument, "etcdserver: invalid sort option"}; }
inline Status ErrorCompacted() { return {Code::kOutOfRange, "etcdserver: mvcc: required revision has been compacted"}; }
inline Status ErrorFutureRevision() {
  return {Code::kOutOfRange, "etcdserver: mvcc: required revision is a future revision"};
}
inline Status ErrorNoSpace() { return {Code::kResourceExhausted, "etcdserver: mvcc: database space exceeded"}; }
inline Status ErrorCorrupt() { return {Code::kDataLoss, "etcdserver: corrupt cluster"}; }
inline Status ErrorLeaseNotFound() { return {Code::kNotFound, "etcdserver: requested lease not found"}; }
inline Status ErrorLeaseExists() { return {Code::kFailedPrecondition, "etcdserver: lease already exists"}; }
inline Status ErrorLeaseTtlTooLarge() { return {Code::kOutOfRange, "etcdserver: too large lease TTL"}; }
inline Status ErrorRequestTooLarge() { return {Code::kInvalidArgument, "etcdserver: request is too large"}; }
inline Status ErrorTooManyRequests() { return {Code::kResourceExhausted, "etcdserver: too many requests"}; }
inline Status ErrorRootUserNotExist() { return {Code::kFailedPrecondition, "etcdserver: root user does not exist"}; }
inline Status ErrorRootRoleNotExist() {
  return {Code::kFailedPrecondition, "etcdserver: root user does not have root role"};
}
inline Status ErrorUserAlreadyExists() { return {Code::kFailedPrecondition, "etcdserver: user name already exists"}; }
inline Status ErrorUserEmpty() { return {Code::kInvalidArgument, "etcdserver: user name is empty"}; }
inline Status ErrorUserNotFound() { return {Code::kFailedPrecondition, "etcdserver: user name not found"}; }
inline Status ErrorRoleAlreadyExists() { return {Code::kFailedPrecondition, "etcdserver: role name already exists"}; }
inline Status ErrorRoleNotFound() { return {Code::kFailedPrecondition, "etcdserver: role name not found"}; }
inline Status ErrorRoleEmpty() { return {Code::kInvalidArgument, "etcdserver: role name is empty"}; }
inline Status ErrorAuthFailed() {
  return {Code::kInvalidArgument, "etcdserver: authentication failed, invalid user ID or password"};
}
inline Status ErrorPermissionNotGiven() { return {Code::kInvalidArgument, "etcdserver: permission not given"}; }
inline Status ErrorPermissionDenied() { return {Code::kPermissionDenied, "etcdserver: permission denied"}; }
inline Status ErrorRoleNotGranted() {
  return {Code::kFailedPrecondition, "etcdserver: role is not granted to the user"};
}
inline Status ErrorPermissionNotGranted() {
  return {Code::kFailedPrecondition, "etcdserver: permission is not granted to the role"};
}
inline Status ErrorAuthNotEnabled() { return {Code::kFailedPrecondition, "etcdserver: authentication is not enabled"}; }
inline Status ErrorInvalidAuthToken() { return {Code::kUnauthenticated, "etcdserver: invalid auth token"}; }
inline Status ErrorInvalidAuthManagement() { return {Code::kInvalidArgument, "etcdserver: invalid auth management"}; }
inline Status ErrorAuthOldRevision() { return {Code::kInvalidArgument, "etcdserver: revision of auth store is old"}; }
// Of locks and elections; etcd's server passes these on from its client library, without a code.
inline Status ErrorSessionExpired() { return {Code::kUnknown, "mutex: session is expired"}; }
inline Status ErrorElectionNotLeader() { return {Code::kUnknown, "election: not leader"}; }
inline Status ErrorElectionNoLeader() { return {Code::kUnknown, "election: no leader"}; }
inline Status ErrorMissingLeaderKey() { return {Code::kUnknown, "\"leader\" field must be provided"}; }
inline Status ErrorNoLeader() { return {Code::kUnavailable, "etcdserver: no leader"}; }
inline Status ErrorTimeout() { return {Code::kUnavailable, "etcdserver: request timed out"}; }
inline Status ErrorTimeoutLostConnection() {
  return {Code::kUnavailable, "etcdserver: request timed out, possibly due to connection lost"};
}
inline Status ErrorLeaderChanged() { return {Code::kUnavailable, "etcdserver: leader changed"}; }
inline Status ErrorStopped() { return {Code::kUnavailable, "etcdserver: server stopped"}; }
inline Status ErrorPeerUrlExists() { return {Code::kFailedPrecondition, "etcdserver: Peer URLs already exists"}; }
inline Status ErrorMemberExists() { return {Code::kFailedPrecondition, "etcdserver: member ID already exist"}; }
inline Status ErrorMemberNotFound() { return {Code::kNotFound, "etcdserver: member not found"}; }
inline Status ErrorBadMemberUrls() { return {Code::kInvalidArgument, "etcdserver: given member URLs are invalid"}; }
inline Status ErrorNotEnoughStarted() {
  return {Code::kFailedPrecondition, "etcdserver: re-configuration failed due to not enough started members"};
}
inline Status ErrorMemberNotLearner() {
  return {Code::kFailedPrecondition, "etcdserver: can only promote a learner member"};
}
inline Status ErrorLearnerNotReady() {
  return {Code::kFailedPrecondition, "etcdserver: can only promote a learner member which is in sync with leader"};
}
inline Status ErrorTooManyLearners() {
  return {Code::kFailedPrecondition, "etcdserver: too many learner members in cluster"};
}
inline Status ErrorNotForLearner() { return {Code::kFailedPrecondition, "etcdserver: rpc not supported for learner"}; }
inline Status ErrorNotLeader() { return {Code::kFailedPrecondition, "etcdserver: not leader"}; }
inline Status ErrorBadTransferee() { return {Code::kFailedPrecondition, "etcdserver: bad leader transferee"}; }
inline Status ErrorTimeoutTransfer() {
  return {Code::kUnavailable, "etcdserver: request timed out, leader transfer took too long"};
}
inline Status ErrorUnhealthy() { return {Code::kUnavailable, "etcdserver: unhealthy cluster"}; }

}  // namespace kp::store
