#include "bindings/cli/store_folder.h"

#include <cinttypes>
#include <cstdio>
#include <string>

#include "bindings/cli/commands.h"
#include "bindings/cli/component.h"
#include "reference/base/strings.h"
#include "reference/runtime/posix/posix_env.h"
#include "reference/store/binary.h"
#include "reference/store/data_folder.h"
#include "reference/store/mvcc.h"
#include "reference/store/proposal.h"
#include "reference/store/wal_inspect.h"

namespace kp::cli {
namespace {

using store::WalInspection;
using store::WalSegmentView;

struct FolderFlags {
  std::string directory;
  int from = 0;
  int to = INT32_MAX;
  bool dry_run = false;
};

int Say(std::string_view message, ExitCode code) { return Complain("store", message, code); }

std::string Where(const store::WalDamage& damage) {
  return damage.file + " offset " + std::to_string(damage.offset) + ": " + damage.what;
}

std::string Shown(std::string_view bytes) {
  constexpr size_t kMost = 60;
  std::string text = Quote(bytes.substr(0, kMost));
  return bytes.size() > kMost ? text + "..." : text;
}

std::string Described(const store::PutRequest& put) {
  return "put " + Shown(put.key) + " " + std::to_string(put.value.size()) + " bytes" +
         (put.lease != 0 ? " lease " + std::to_string(put.lease) : "");
}
std::string Described(const store::DeleteRangeRequest& gone) {
  return "delete " + Shown(gone.key) + (gone.range_end.empty() ? "" : " to " + Shown(gone.range_end));
}
std::string Described(const store::TxnRequest& txn) {
  return "txn of " + std::to_string(txn.compares.size()) + " compares, " + std::to_string(txn.success.size()) + " or " +
         std::to_string(txn.failure.size()) + " operations";
}
std::string Described(const store::CompactRequest& compact) { return "compact " + std::to_string(compact.revision); }
std::string Described(const store::LeaseGrantRequest& lease) {
  return "lease " + std::to_string(lease.id) + " granted for " + std::to_string(lease.ttl) + " s";
}
std::string Described(const store::LeaseRevokeRequest& lease) {
  return "lease " + std::to_string(lease.id) + " revoked";
}
// Kinds that say all by their name.
template <typename T>
std::string Described(const T&) {
  return "command";
}

std::string Described(const raft::Entry& entry) {
  if (entry.type == raft::EntryType::kConfiguration) return "configuration change";
  if (entry.size() == 0) return "first of its term";
  const auto proposal = store::DecodeProposal(entry.bytes());
  if (!proposal.ok()) return "not a proposal";
  const auto command = store::DecodeCommand(proposal->kind, proposal->request);
  if (!command.ok()) return "kind " + std::to_string(static_cast<int>(proposal->kind)) + ", unreadable";
  return std::visit([](const auto& request) { return Described(request); }, *command);
}

void PrintRecord(const store::WalRecord& record, const FolderFlags& flags) {
  if (const auto* entry = std::get_if<raft::Entry>(&record)) {
    const auto index = static_cast<int64_t>(entry->index);
    if (index < flags.from || index > flags.to) return;
    std::printf("    entry %" PRIu64 " term %" PRIu64 " %s\n", entry->index, entry->term, Described(*entry).c_str());
  } else if (const auto* state = std::get_if<raft::HardState>(&record)) {
    std::printf("    term %" PRIu64 " vote %" PRIx64 " commit %" PRIu64 "\n", state->term, state->vote, state->commit);
  } else if (const auto* start = std::get_if<store::WalStart>(&record)) {
    std::printf("    begins after entry %" PRIu64 " of term %" PRIu64 "\n", start->index, start->term);
  }
}

void PrintSegment(const WalSegmentView& segment) {
  uint64_t first = 0;
  uint64_t last = 0;
  for (const auto& batch : segment.batches) {
    for (const auto& record : batch.records) {
      const auto* entry = std::get_if<raft::Entry>(&record);
      if (entry == nullptr) continue;
      if (first == 0) first = entry->index;
      last = entry->index;
    }
  }
  std::printf("%s: %" PRIu64 " bytes in %zu writes, entries %" PRIu64 " to %" PRIu64, segment.file.c_str(), segment.end,
              segment.batches.size(), first, last);
  if (segment.header.size > 0) std::printf(", made with %" PRIu64 " bytes", segment.header.size);
  if (segment.unfinished_bytes > 0) std::printf(", then %" PRIu64 " of an unfinished write", segment.unfinished_bytes);
  std::printf("\n");
}

// The snapshot read as a member does at its start.
Status CheckSnapshot(const store::DataFolder& folder) {
  auto snapshot = store::SnapshotOf(folder);
  if (!snapshot.ok() || !*snapshot) return snapshot.status();
  const raft::SnapshotMeta& meta = (*snapshot)->meta;
  store::BinaryReader in(*(*snapshot)->data);
  (void)store::ProposalLedger::Restore(in);
  if (!in.ok()) return {Code::kDataLoss, folder.snapshot_name + ": malformed ledger"};
  const auto state = store::Mvcc::Restore(in.rest());
  if (!state.ok()) return {Code::kDataLoss, folder.snapshot_name + ": " + state.error().message()};
  std::printf("%s: %zu bytes, entry %" PRIu64 " of term %" PRIu64 ", revision %" PRId64 ", %zu keys\n",
              folder.snapshot_name.c_str(), folder.snapshot_bytes.size(), meta.index, meta.term, state->revision(),
              state->keys());
  return {};
}

int Verify(const store::DataFolder& folder, const WalInspection& inspection) {
  if (Status status = CheckSnapshot(folder); !status.ok()) return Say("damaged: " + status.message(), kFailures);
  for (const WalSegmentView& segment : inspection.segments) PrintSegment(segment);
  if (inspection.damage) {
    return Say("damaged: " + Where(*inspection.damage) +
                   (inspection.damage->in_last_write ? " (in the last write: repair-tail can give that up)"
                                                     : " (later writes follow: it cannot be repaired from here)"),
               kFailures);
  }
  auto snapshot = store::SnapshotOf(folder);
  const auto contents = store::RecoverWal(folder.segments, snapshot.ok() ? std::move(*snapshot) : std::nullopt);
  if (!contents.ok()) return Say("damaged: " + contents.error().message(), kFailures);
  const auto& raft = contents->raft;
  std::printf("good: term %" PRIu64 ", committed to %" PRIu64 " at least, last entry %" PRIu64 "\n",
              raft.hard_state.term, raft.hard_state.commit, raft.start.index + raft.entries.size());
  return kPass;
}

int Dump(const FolderFlags& flags, const WalInspection& inspection) {
  for (const WalSegmentView& segment : inspection.segments) {
    PrintSegment(segment);
    for (const auto& batch : segment.batches) {
      std::printf("  write %" PRIu64 " at %" PRIu64 ", %" PRIu64 " bytes\n", batch.sequence, batch.offset, batch.size);
      for (const auto& record : batch.records) PrintRecord(record, flags);
    }
  }
  return inspection.damage ? Say("damaged: " + Where(*inspection.damage), kFailures) : kPass;
}

// What stands behind the last good write becomes zeros: to a member it looks like a write that was cut off.
int RepairTail(runtime::posix::PosixEnv& env, const FolderFlags& flags, const WalInspection& inspection) {
  if (!inspection.damage) {
    std::printf("nothing to repair\n");
    return kPass;
  }
  const store::WalDamage& damage = *inspection.damage;
  if (!damage.in_last_write || damage.offset < store::kSegmentHeaderSize) {
    return Say("not the tail: " + Where(damage) + "; remove this member and let it join again, or restore a snapshot",
               kFailures);
  }
  std::printf("%s the log at %s\n", flags.dry_run ? "would cut" : "cutting", Where(damage).c_str());
  std::printf("what this write acknowledged is lost here; other members may have it\n");
  if (flags.dry_run) return kPass;
  auto file = env.disk().Open(flags.directory + "/" + damage.file, runtime::Disk::OpenMode::kReadWrite);
  if (!file.ok()) return Say(file.error().message(), kEnvironment);
  const uint64_t size = std::max((*file)->Size(), inspection.segments.back().header.size);
  Status status = (*file)->Truncate(damage.offset);
  if (status.ok()) status = (*file)->Truncate(size);
  std::optional<Status> synced;
  if (status.ok()) {
    (*file)->Sync([&synced](const Status& outcome) { synced = outcome; });
    (void)env.RunUntil([&] { return synced.has_value(); }, 60s);
    status = synced.value_or(Status(Code::kDeadlineExceeded, "the disk does not answer"));
  }
  if (!status.ok()) return Say(status.message(), kEnvironment);
  std::printf("done; verify says whether the folder is good now\n");
  return kPass;
}

}  // namespace

int RunStoreFolder(int argc, char** argv) {
  const std::string verb = argv[0];
  if (verb != "dump" && verb != "verify" && verb != "repair-tail") {
    return Say("want flags, or dump, verify or repair-tail; got " + Quote(verb), kUsage);
  }
  FolderFlags options;
  Flags flags;
  flags.Text("data-dir", &options.directory);
  if (verb == "dump") {
    flags.Integer("from", &options.from);
    flags.Integer("to", &options.to);
  }
  if (verb == "repair-tail") flags.Boolean("dry-run", &options.dry_run);
  if (Status status = flags.Parse(argc, argv); !status.ok()) return Say(status.message(), kUsage);
  if (options.directory.empty()) return Say("--data-dir is needed", kUsage);
  runtime::posix::PosixEnv env({.name = "store"});
  const auto folder = store::ReadDataFolder(env.disk(), options.directory);
  if (!folder.ok()) return Say(folder.error().message(), kEnvironment);
  if (folder->segments.empty() && folder->snapshot_name.empty()) {
    return Say(options.directory + " holds no log and no snapshot", kEnvironment);
  }
  const WalInspection inspection = store::InspectWal(folder->segments);
  if (verb == "dump") return Dump(options, inspection);
  if (verb == "verify") return Verify(*folder, inspection);
  return RepairTail(env, options, inspection);
}

}  // namespace kp::cli
