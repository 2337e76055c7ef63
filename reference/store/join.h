// How a new member learns about the cluster that it joins: it asks those who are there, on their peer
// addresses, before it has a Raft of its own.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/completion.h"
#include "reference/runtime/env.h"
#include "reference/store/cluster.h"
#include "reference/store/codec.h"
#include "reference/transport/secure.h"

namespace kp::store {

struct ClusterView {
  uint64_t cluster = 0;
  std::vector<MemberDescription> bootstrap;  // when the log began
  std::vector<MemberDescription> members;    // now
};

std::string EncodeClusterView(const ClusterView& view);
Result<ClusterView> DecodeClusterView(std::string_view bytes);

// The id that the cluster has given to `name`, of which `initial_cluster` tells the peer URLs. The flags must list
// exactly the members that the cluster has. Texts are those of etcd's ValidateClusterAndAssignIDs.
Result<uint64_t> FindSelf(const ClusterView& view, const Cluster& initial_cluster, const std::string& name);

// True when the folder holds a log: this member has joined before.
bool HasLog(runtime::Disk& disk, const std::string& data_dir);

// A question under way; destroying it gives it up.
class JoinQuestion {
 public:
  virtual ~JoinQuestion() = default;
};

// Asks one after the other until one answers. kUnavailable names what the last one was.
std::unique_ptr<JoinQuestion> AskForCluster(runtime::Env& env, const std::vector<Url>& urls,
                                            const transport::TlsOptions& tls, Completion<Result<ClusterView>> done);

}  // namespace kp::store
