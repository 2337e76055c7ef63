// A data folder from a snapshot, ours or etcd's: a new cluster that begins with that state.
#pragma once

#include <string>
#include <string_view>

#include "reference/base/completion.h"
#include "reference/runtime/env.h"
#include "reference/store/backend_image.h"
#include "reference/store/server.h"

namespace kp::store {

struct RestoreOptions {
  std::string snapshot_file;
  ServerOptions server;  // name, data_dir and the initial cluster: who the new cluster is
  HashCheck hash_check = HashCheck::kRequired;
  // Clients that saw revisions which the snapshot does not have would otherwise meet them again with other contents
  // (etcd-io/etcd#14303): the revision is raised by so much, and what is before it counts as compacted.
  int64_t bump_revision = 0;
  bool mark_compacted = false;
};

// Restored, and durable. kInvalidArgument for flags that make no sense or a folder that holds data, kDataLoss for a
// snapshot that is damaged.
void Restore(runtime::Env& env, const RestoreOptions& options, Completion<Status> done);

}  // namespace kp::store
