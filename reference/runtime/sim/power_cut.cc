// What is left of a disk after a power cut.
#include <algorithm>
#include <utility>

#include "reference/runtime/sim/disk_image.h"

namespace kp::runtime::sim {
namespace {

using PendingWrite = DiskImage::PendingWrite;

constexpr uint64_t kSector = 512;

void Undo(std::string& data, const PendingWrite& write) {
  if (write.truncates) {
    data.resize(std::min<uint64_t>(data.size(), write.offset));
    data += write.before;
  } else if (!write.before.empty()) {
    data.replace(write.offset, write.before.size(), write.before);
  }
  data.resize(write.size_before, '\0');
}

// `length` bytes of it reach the disk.
void Redo(std::string& data, const PendingWrite& write, uint64_t length) {
  if (write.truncates) {
    data.resize(write.offset, '\0');
    return;
  }
  if (write.offset + length > data.size()) data.resize(write.offset + length, '\0');
  data.replace(write.offset, length, write.after, 0, length);
}

// Disks tear at sectors. A file that grows may also end at any byte behind `size`, which it had.
uint64_t TornLength(const PendingWrite& write, uint64_t size, Random& random) {
  uint64_t length = random.Below(write.after.size() + 1);
  const bool ends_file = write.offset + length > size;
  if (random.Below(2) == 0 || !ends_file) length -= std::min(length, (write.offset + length) % kSector);
  return length;
}

enum class Fate : unsigned char { kLost, kTorn, kZeroed, kKept };

// One policy a file, so that a whole lost tail, a torn last record and holes all come up.
std::vector<Fate> DrawFates(size_t count, Random& random) {
  std::vector<Fate> fates(count, Fate::kLost);
  switch (random.Below(4)) {
    case 0: break;
    case 1: {
      size_t kept = random.Below(count + 1);
      std::fill(fates.begin(), fates.begin() + static_cast<long>(kept), Fate::kKept);
      if (kept < count) fates[kept] = Fate::kTorn;
      break;
    }
    case 2:
      for (Fate& fate : fates) fate = static_cast<Fate>(random.Below(4));
      break;
    default:
      // The size reached the disk, the data did not: a tail of zero bytes, as ext4 leaves it.
      std::fill(fates.begin(), fates.end(), Fate::kZeroed);
  }
  return fates;
}

}  // namespace

// The doomed writes are one from then on: all that parts the page cache from the disk. Nothing is left of them once
// what they lost was written again.
void DiskImage::CommitBesideDoomed(Inode& inode, uint64_t mark) {
  std::deque<PendingWrite> later;
  std::string cached = inode.data;
  while (!inode.pending.empty() && inode.pending.back().sequence > mark) {
    Undo(cached, inode.pending.back());
    later.push_front(std::move(inode.pending.back()));
    inode.pending.pop_back();
  }
  std::string durable = cached;
  for (auto write = inode.pending.rbegin(); write != inode.pending.rend(); ++write) Undo(durable, *write);
  for (const PendingWrite& write : inode.pending) {
    if (!write.doomed) Redo(durable, write, write.after.size());
  }
  const uint64_t sequence = inode.pending.empty() ? mark : inode.pending.back().sequence;
  inode.pending = std::move(later);
  if (durable == cached) return;
  const uint64_t size = durable.size();
  inode.pending.push_front({.sequence = sequence,
                            .truncates = true,
                            .doomed = true,
                            .offset = 0,
                            .size_before = size,
                            .before = std::move(durable),
                            .after = {}});
}

void DiskImage::CutFile(Inode& inode, Random& random, CrashLoss& loss) {
  if (inode.pending.empty()) return;
  std::deque<PendingWrite> pending = std::exchange(inode.pending, {});
  for (auto write = pending.rbegin(); write != pending.rend(); ++write) Undo(inode.data, *write);
  std::vector<Fate> fates = DrawFates(pending.size(), random);
  uint64_t torn_end = UINT64_MAX;  // of a write that made the file grow, but not to its own end
  uint64_t torn_sector = 0;
  for (size_t i = 0; i < pending.size(); ++i) {
    PendingWrite& write = pending[i];
    Fate fate = write.doomed ? Fate::kLost : fates[i];
    if (fate == Fate::kLost) {
      ++loss.writes_lost;
      continue;
    }
    if (fate == Fate::kKept || write.truncates) {
      Redo(inode.data, write, write.after.size());
      continue;
    }
    ++loss.writes_torn;
    const uint64_t size = inode.data.size();
    if (fate == Fate::kZeroed) {
      // Only the part that grew the file is blank: overwritten bytes keep their old content. A sector is old or new
      // as a whole: where an earlier write ended inside of one, a file that is longer has not got that piece of it.
      if (write.offset + write.after.size() > size && torn_end == size) inode.data.resize(torn_sector);
      inode.data.resize(std::max<uint64_t>(size, write.offset + write.after.size()), '\0');
    } else {
      Redo(inode.data, write, TornLength(write, size, random));
      if (inode.data.size() > size) {
        torn_end = inode.data.size();
        torn_sector = std::max(size, torn_end - torn_end % kSector);
      }
    }
  }
}

DiskImage::CrashLoss DiskImage::PowerCut(Random& random) {
  CrashLoss loss;
  std::deque<NameChange> changes = std::exchange(pending_names_, {});
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    if (!change->moved_from.empty()) names_[change->moved_from] = change->after;
    if (change->before) {
      names_[change->path] = change->before;
    } else {
      names_.erase(change->path);
    }
  }
  size_t kept = changes.empty() ? 0 : random.Below(changes.size() + 1);
  loss.names_lost = changes.size() - kept;
  for (size_t i = 0; i < kept; ++i) {
    const NameChange& change = changes[i];
    if (!change.moved_from.empty()) names_.erase(change.moved_from);
    if (change.after) {
      names_[change.path] = change.after;
    } else {
      names_.erase(change.path);
    }
  }
  for (auto& [path, file] : names_) CutFile(*file, random, loss);
  Recount();
  return loss;
}

void DiskImage::Recount() {
  used_ = 0;
  for (const auto& [path, file] : names_) used_ += file->data.size();
}

}  // namespace kp::runtime::sim
