#include "reference/runtime/posix/volatile_disk.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace kp::runtime::posix {
namespace {

constexpr uint64_t kSector = 512;
// How long a sync takes before any of its bytes are safe: a power cut in between must be likely.
constexpr uint64_t kSlowestSyncUs = 1500;

}  // namespace

struct VolatileDisk::Inode {
  struct Write {
    uint64_t offset;
    std::string bytes;
  };
  std::shared_ptr<File> inner;
  std::deque<Write> pending;
  Time last_sync;  // when the latest sync that was asked for begins to write
  uint64_t size = 0;
};

class VolatileDisk::VolatileFile : public File {
 public:
  VolatileFile(Env& env, std::shared_ptr<Inode> inode) : env_(env), inode_(std::move(inode)) {}

  Result<std::string> Read(uint64_t offset, size_t size) override {
    if (offset >= inode_->size) return std::string();
    size = std::min<uint64_t>(size, inode_->size - offset);
    auto bytes = inode_->inner->Read(offset, size);
    if (!bytes.ok()) return bytes;
    bytes->resize(size, '\0');
    for (const Inode::Write& write : inode_->pending) {
      const uint64_t begin = std::max(offset, write.offset);
      const uint64_t end = std::min(offset + size, write.offset + write.bytes.size());
      if (begin < end) bytes->replace(begin - offset, end - begin, write.bytes, begin - write.offset, end - begin);
    }
    return bytes;
  }

  Status Write(uint64_t offset, std::string_view bytes) override {
    inode_->pending.push_back({offset, std::string(bytes)});
    inode_->size = std::max(inode_->size, offset + bytes.size());
    return Status::Ok();
  }

  // At once: what is cut off would only come back.
  Status Truncate(uint64_t size) override {
    for (const Inode::Write& write : std::exchange(inode_->pending, {})) {
      if (Status status = inode_->inner->Write(write.offset, write.bytes); !status.ok()) return status;
    }
    inode_->size = size;
    return inode_->inner->Truncate(size);
  }

  uint64_t Size() const override { return inode_->size; }

  void Sync(Completion<Status> done) override {
    const auto delay = std::chrono::microseconds(env_.random().Below(kSlowestSyncUs));
    inode_->last_sync = std::max(inode_->last_sync, env_.Now() + delay);
    env_.After(inode_->last_sync - env_.Now(), [inode = inode_, count = inode_->pending.size(), done] {
      for (size_t i = 0; i < count && !inode->pending.empty(); ++i) {
        const Inode::Write write = std::move(inode->pending.front());
        inode->pending.pop_front();
        if (Status status = inode->inner->Write(write.offset, write.bytes); !status.ok()) return done(status);
      }
      inode->inner->Sync(done);
    });
  }

 private:
  Env& env_;
  std::shared_ptr<Inode> inode_;
};

VolatileDisk::VolatileDisk(Env& env, Disk& inner) : env_(env), inner_(inner) {}

Result<std::unique_ptr<File>> VolatileDisk::Open(const std::string& path, OpenMode mode) {
  std::shared_ptr<Inode>& inode = inodes_[path];
  if (!inode) {
    auto file = inner_.Open(path, mode);
    if (!file.ok()) {
      inodes_.erase(path);
      return file.error();
    }
    inode = std::make_shared<Inode>();
    inode->size = (*file)->Size();
    inode->inner = std::move(*file);
  }
  return std::unique_ptr<File>(std::make_unique<VolatileFile>(env_, inode));
}

Result<std::string> VolatileDisk::ReadAll(const std::string& path) {
  if (!inodes_.contains(path)) return inner_.ReadAll(path);
  auto file = Open(path, OpenMode::kRead);
  if (!file.ok()) return file.error();
  return (*file)->Read(0, (*file)->Size());
}

void VolatileDisk::WriteAtomically(const std::string& path, std::string bytes, Completion<Status> done) {
  inodes_.erase(path);
  inner_.WriteAtomically(path, std::move(bytes), std::move(done));
}

Status VolatileDisk::Rename(const std::string& from, const std::string& to) {
  Status status = inner_.Rename(from, to);
  if (!status.ok()) return status;
  inodes_.erase(to);
  if (auto node = inodes_.extract(from)) inodes_[to] = node.mapped();
  return status;
}

Status VolatileDisk::Remove(const std::string& path) {
  inodes_.erase(path);
  return inner_.Remove(path);
}

void VolatileDisk::PowerCut(Random& random) {
  for (const auto& [path, inode] : inodes_) {
    for (const Inode::Write& write : inode->pending) {
      const uint64_t fate = random.Below(3);
      for (uint64_t at = 0; fate != 0 && at < write.bytes.size();) {
        const uint64_t next = std::min<uint64_t>(write.bytes.size(), at + kSector - (write.offset + at) % kSector);
        const bool kept = fate == 1 || random.Chance(0.5);
        // A disk that fails now has lost the bytes, which is one of the fates.
        if (kept) (void)inode->inner->Write(write.offset + at, std::string_view(write.bytes).substr(at, next - at));
        at = next;
      }
    }
  }
}

}  // namespace kp::runtime::posix
