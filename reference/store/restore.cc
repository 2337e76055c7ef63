#include "reference/store/restore.h"

#include <memory>
#include <utility>

#include "reference/base/strings.h"
#include "reference/store/join.h"
#include "reference/store/wal.h"

namespace kp::store {
namespace {

// The first term of the new cluster; its leader will have the next one.
constexpr raft::Term kTerm = 1;

Result<Mvcc> ReadState(runtime::Disk& disk, const RestoreOptions& options) {
  const Result<std::string> file = disk.ReadAll(options.snapshot_file);
  if (!file.ok()) return file.error();
  const Result<std::string_view> content = CheckSnapshot(*file, options.hash_check);
  if (!content.ok()) return content.error();
  Result<VersionedState> state = ReadBackend(*content);
  if (!state.ok()) return state.error();
  // Alarms were raised for members of another cluster.
  state->alarms.clear();
  if (options.bump_revision > 0) {
    const Result<Mvcc> before = Mvcc::FromVersions(*state);
    if (!before.ok()) return before.error();
    state->revision = before->revision() + options.bump_revision;
    if (options.mark_compacted) state->compacted = state->revision;
  }
  return Mvcc::FromVersions(*state);
}

// The log must outlive its last write.
struct Job {
  std::unique_ptr<Wal> wal;
};

}  // namespace

void Restore(runtime::Env& env, const RestoreOptions& options, Completion<Status> done) {
  const auto fail = [&env, &done](const Status& status) { env.Post([done, status] { done(status); }); };
  const Result<MemberOptions> member = ToMemberOptions(options.server);
  if (!member.ok()) return fail(member.error());
  if (HasLog(env.disk(), member->data_dir)) {
    return fail({Code::kInvalidArgument, "data-dir " + Quote(member->data_dir) + " exists"});
  }
  const Result<Mvcc> state = ReadState(env.disk(), options);
  if (!state.ok()) return fail(state.error());

  const std::vector<MemberDescription> members = Describe(member->cluster);
  raft::Snapshot snapshot;
  // As etcdctl does it: one entry for each member has made the cluster.
  snapshot.meta.index = members.size();
  snapshot.meta.term = kTerm;
  for (const MemberDescription& each : members) snapshot.meta.configuration.voters.insert(each.id);
  snapshot.data = raft::MakeBuffer(Member::EncodeState({}, Membership(members), Auth(), *state));

  auto job = std::make_shared<Job>();
  const std::string identity = EncodeIdentity({member->cluster.id, member->self, members});
  job->wal = std::make_unique<Wal>(env, WalOptions{.directory = member->data_dir, .metadata = identity},
                                   [&env, job, done](uint64_t) {
                                     env.Post([job, done] {
                                       done(Status::Ok());
                                       job->wal.reset();
                                     });
                                   });
  const auto contents = job->wal->Recover();
  if (!contents.ok()) return fail(contents.error());
  const raft::HardState hard_state{kTerm, raft::kNoNode, snapshot.meta.index};
  job->wal->Append(1, {.hard_state = hard_state, .snapshot = std::move(snapshot), .entries = {}});
}

}  // namespace kp::store
