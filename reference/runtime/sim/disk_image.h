// The content of one simulated disk: what the process sees, and what a power cut would leave.
//
// Writes are visible at once and pending until a sync commits them. Names (creation, rename,
// removal) are pending until their directory is synced, as POSIX says, which is stricter than what
// ext4 happens to do. Folders themselves are durable at once. No events, no clock: a plain model.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reference/base/random.h"
#include "reference/runtime/env.h"

namespace kp::runtime::sim {

class DiskImage {
 public:
  struct PendingWrite {
    uint64_t sequence;
    bool truncates;
    bool doomed;  // its sync failed: no later sync makes it durable
    uint64_t offset;
    uint64_t size_before;
    std::string before;  // what it replaced
    std::string after;
  };
  struct Inode {
    std::string data;
    std::deque<PendingWrite> pending;
  };
  using File = std::shared_ptr<Inode>;

  Result<File> Open(const std::string& path, Disk::OpenMode mode);
  Status Write(const File& file, const std::string& path, uint64_t offset, std::string_view bytes);
  Status Truncate(const File& file, uint64_t size);
  Status Rename(const std::string& from, const std::string& to);
  Status Remove(const std::string& path);
  void MakeDirectories(const std::string& path);
  Result<std::vector<std::string>> List(const std::string& directory) const;
  bool Exists(const std::string& path) const;

  // A sync covers what was written up to the mark taken when it began.
  uint64_t Mark() const { return sequence_; }
  void Commit(const File& file, uint64_t mark);
  void Doom(const File& file, uint64_t mark);
  void CommitNames(const std::string& directory, uint64_t mark);
  // New content under a name, durable as a whole.
  Status Replace(const std::string& path, std::string bytes);

  struct CrashLoss {
    uint64_t writes_lost = 0;
    uint64_t writes_torn = 0;
    uint64_t names_lost = 0;
  };
  // What a power cut leaves: per file, pending writes are lost, kept or torn as drawn; pending
  // names survive up to a drawn point, because file systems keep their order.
  CrashLoss PowerCut(Random& random);

  void set_capacity(std::optional<uint64_t> bytes) { capacity_ = bytes; }
  uint64_t used() const { return used_; }
  // Flips one bit in place, durably. False when there is no such byte.
  bool FlipBit(const std::string& path, uint64_t offset, int bit);
  // All files, sorted.
  std::vector<std::string> Paths() const;

 private:
  struct NameChange {
    uint64_t sequence;
    std::string path;
    File before;             // none: the name was free
    File after;              // none: removed
    std::string moved_from;  // a rename frees this name in the same step
  };

  static std::string Normal(std::string path);
  static std::string ParentOf(const std::string& path);
  bool IsDirectory(const std::string& path) const { return path.empty() || path == "/" || directories_.contains(path); }
  File Lookup(const std::string& normal_path) const;
  Status Reserve(uint64_t growth, const std::string& path);
  static void CommitBesideDoomed(Inode& inode, uint64_t mark);
  void CutFile(Inode& inode, Random& random, CrashLoss& loss);
  void Recount();

  uint64_t sequence_ = 0;
  std::map<std::string, File> names_;
  std::set<std::string> directories_;
  std::deque<NameChange> pending_names_;
  std::optional<uint64_t> capacity_;
  uint64_t used_ = 0;
};

}  // namespace kp::runtime::sim
