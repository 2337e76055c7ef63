// A process's view of its simulated disk, and the verbs that hurt it.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "reference/runtime/sim/disk_image.h"
#include "reference/runtime/sim/link.h"
#include "reference/runtime/sim/scheduler.h"

namespace kp::runtime::sim {

// The device: it outlives the processes that use it, one at a time.
class SimDevice {
 public:
  SimDevice(Scheduler& scheduler, const std::string& process);

  // Verbs.
  void FailSyncs(int count) { failing_syncs_ += count; }
  // What was chosen to fail or to lie and has not yet.
  void SpareSyncs() { failing_syncs_ = lying_syncs_ = 0; }
  // The next syncs of files report success and make nothing durable, as broken devices do. No store
  // survives that: it is the control that a durability checker must flag.
  void LieAboutSyncs(int count) { lying_syncs_ += count; }
  void SetCapacity(std::optional<uint64_t> bytes) { image_.set_capacity(bytes); }
  void SetSyncLatency(DelayRange latency) { latency_ = latency; }
  // Syncs that begin before then complete after it.
  void Stall(Duration time);
  bool FlipBit(const std::string& path, uint64_t offset, int bit);

  DiskImage& image() { return image_; }
  // The end of the process with the power: see DiskImage::PowerCut.
  void PowerCut();
  // The end of the process alone: the page cache stays.
  void Kill() { FinishReplacements(); }

 private:
  friend class SimDisk;
  friend class SimFile;
  struct Replacement {
    uint64_t id;
    std::string path;
    std::string bytes;
  };

  void FinishReplacements();
  // When the next sync completes; syncs queue up behind each other.
  Time NextCompletion();
  // Whether this sync is one that a verb has chosen.
  bool TakeFailure();
  bool TakeLie();

  Scheduler& scheduler_;
  std::string stream_name_;
  Random random_;
  DiskImage image_;
  DelayRange latency_{200us, 1ms};
  Time busy_until_{};
  int failing_syncs_ = 0;
  int lying_syncs_ = 0;
  uint64_t last_replacement_ = 0;
  std::deque<Replacement> replacing_;  // WriteAtomically under way
};

class SimDisk : public Disk {
 public:
  SimDisk(SimDevice& device, ProcessState& process) : device_(device), process_(process) {}

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  Result<std::string> ReadAll(const std::string& path) override;
  void WriteAtomically(const std::string& path, std::string bytes, Completion<Status> done) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeDirectories(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& directory) override;
  bool Exists(const std::string& path) override;
  void SyncDirectory(const std::string& path, Completion<Status> done) override;

 private:
  SimDevice& device_;
  ProcessState& process_;
};

}  // namespace kp::runtime::sim
