// kubeproof store restore: a data folder from a snapshot, with etcdctl's flag names.
#include <cstdio>
#include <optional>

#include "bindings/cli/commands.h"
#include "bindings/cli/flags.h"
#include "reference/base/strings.h"
#include "reference/runtime/posix/posix_env.h"
#include "reference/store/restore.h"

namespace kp::cli {
namespace {

constexpr Duration kTimeout = 1h;

constexpr const char* kHelp = R"(usage: kubeproof store restore SNAPSHOT --data-dir DIR [flags]
Makes the data folder of a member from a snapshot of this store or of etcd. Run it for each member of the new
cluster, with that member's name and URL; then start them with the same flags.

  --name NAME                         (default)
  --data-dir DIR                      (NAME.etcd)
  --initial-cluster NAME=URL,...      (NAME=--initial-advertise-peer-urls)
  --initial-advertise-peer-urls URLS  (http://localhost:2380)
  --initial-cluster-token TEXT        (etcd-cluster)
  --skip-hash-check                   for a file copied from a data folder, which has no checksum
  --bump-revision N                   begin so many revisions later, past all that clients may have seen
  --mark-compacted                    what is before that counts as compacted: watches begin anew
)";

int Complain(const std::string& message, ExitCode code) {
  std::fprintf(stderr, "kubeproof store restore: %s\n", message.c_str());
  return code;
}

}  // namespace

int RunStoreRestore(int argc, char** argv) {
  store::RestoreOptions options;
  bool skip_hash_check = false;
  std::string bump = "0";
  Flags flags;
  flags.Text("name", &options.server.name);
  flags.Text("data-dir", &options.server.data_dir);
  flags.Text("initial-cluster", &options.server.initial_cluster);
  flags.Text("initial-advertise-peer-urls", &options.server.initial_advertise_peer_urls);
  flags.Text("initial-cluster-token", &options.server.initial_cluster_token);
  flags.Boolean("skip-hash-check", &skip_hash_check);
  flags.Text("bump-revision", &bump);
  flags.Boolean("mark-compacted", &options.mark_compacted);
  if (argc < 2 || std::string_view(argv[1]) == "--help") {
    std::printf("%s", kHelp);
    return argc < 2 ? kUsage : kPass;
  }
  options.snapshot_file = argv[1];
  // The file is where Parse expects the command's name.
  if (Status status = flags.Parse(argc - 1, argv + 1); !status.ok()) return Complain(status.message(), kUsage);
  const std::optional<int64_t> bump_number = ParseInt(bump);
  if (!bump_number || *bump_number < 0) return Complain("--bump-revision: want a number, got " + Quote(bump), kUsage);
  options.bump_revision = *bump_number;
  if (options.mark_compacted && *bump_number == 0) {
    return Complain("--mark-compacted: needs --bump-revision", kUsage);
  }
  if (skip_hash_check) options.hash_check = store::HashCheck::kSkipped;

  runtime::posix::PosixEnv env({.name = options.server.name});
  std::optional<Status> result;
  store::Restore(env, options, [&result](const Status& status) { result = status; });
  Status waited = env.RunUntil([&result] { return result.has_value(); }, kTimeout);
  if (waited.ok()) waited = *result;
  if (waited.ok()) return kPass;
  return Complain(waited.message(), waited.code() == Code::kInvalidArgument ? kUsage : kEnvironment);
}

}  // namespace kp::cli
