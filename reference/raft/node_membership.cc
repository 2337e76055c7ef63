// Membership: changes of the configuration, and the joint one in between.
#include <algorithm>

#include "reference/base/check.h"
#include "reference/base/mutant.h"
#include "reference/raft/node.h"

namespace kp::raft {

Status Node::ProposeChange(const ConfigurationChange& change) {
  std::string bytes = EncodeChange(change);
  if (role_ != Role::kLeader && options_.forward_proposals) {
    return Forward({.type = EntryType::kConfiguration, .data = MakeBuffer(std::move(bytes))});
  }
  if (Status status = AdmitProposal(bytes.size()); !status.ok()) return status;
  // A leader that has not committed in its term may not know the latest configuration, and two
  // leaders could step to disjoint quorums (Ongaro, raft-dev 2015-07-10).
  if (change_pending() || (!CommittedInTerm() && !KP_MUTANT("raft-change-before-term-commit"))) {
    return Status(Code::kFailedPrecondition, "raft: an earlier configuration change is not applied yet");
  }
  if (const auto next = Apply(configuration_, change); !next.ok()) return next.error();
  AppendOwn(EntryType::kConfiguration, MakeBuffer(std::move(bytes)));
  return Status::Ok();
}

const Configuration& Node::ApplyChange(const ConfigurationChange& change) {
  auto next = Apply(configuration_, change);
  if (!next.ok()) return configuration_;
  TraceApplyChange(*next);
  configuration_ = std::move(*next);
  if (role_ != Role::kLeader) return configuration_;
  if (!configuration_.IsVoter(options_.id) && !KP_MUTANT("raft-removed-leader-counts-itself")) {
    // It must neither lead nor count itself any more (thesis 4.2.2).
    BecomeFollower(term_, kNoNode);
    return configuration_;
  }
  std::erase_if(progress_, [this](const auto& item) { return !configuration_.Contains(item.first); });
  for (const NodeId id : configuration_.All()) {
    if (id == options_.id || progress_.contains(id)) continue;
    AddProgress(id);
    progress_.at(id).recent_active = true;  // it gets one timeout to show itself
  }
  if (!configuration_.IsVoter(transferee_)) transferee_ = kNoNode;
  MaybeCommit();  // the quorum may have shrunk
  ReleaseReads();
  return configuration_;
}

// Looked at in every turn, not only when the joint configuration is applied: whoever leads then may
// have lost its leadership, and the next leader may have applied it before (etcd-io/etcd#12136).
bool Node::LeaveDue() const {
  if (KP_MUTANT("raft-joint-left-by-its-proposer") && log_.TermAt(pending_change_) != term_) return false;
  return role_ == Role::kLeader && configuration_.auto_leave && !change_pending() && transferee_ == kNoNode;
}

void Node::MaybeLeaveJoint() {
  if (!LeaveDue()) return;
  AppendOwn(EntryType::kConfiguration, MakeBuffer(EncodeChange(ConfigurationChange::Leave())));
}

}  // namespace kp::raft
