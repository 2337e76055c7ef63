#include "reference/runtime/sim/disk.h"

#include <algorithm>
#include <utility>

namespace kp::runtime::sim {
namespace {

Status Dead() { return {Code::kUnavailable, "the process has ended"}; }

Status SyncError(const std::string& path) { return {Code::kDataLoss, "sync " + path + ": input/output error"}; }

}  // namespace

SimDevice::SimDevice(Scheduler& scheduler, const std::string& process)
    : scheduler_(scheduler), stream_name_("disk " + process), random_(scheduler.MakeRandom(stream_name_)) {}

void SimDevice::Stall(Duration time) { busy_until_ = std::max(busy_until_, scheduler_.now() + time); }

bool SimDevice::FlipBit(const std::string& path, uint64_t offset, int bit) {
  if (!image_.FlipBit(path, offset, bit)) return false;
  ++scheduler_.counters().corrupted_bytes;
  return true;
}

Time SimDevice::NextCompletion() {
  ++scheduler_.counters().syncs;
  if (busy_until_ > scheduler_.now() + latency_.high) ++scheduler_.counters().stalled_syncs;
  Duration latency(random_.Between(latency_.low.count(), latency_.high.count()));
  busy_until_ = std::max(busy_until_, scheduler_.now()) + latency;
  return busy_until_;
}

bool SimDevice::TakeFailure() {
  if (failing_syncs_ == 0) return false;
  --failing_syncs_;
  ++scheduler_.counters().failed_syncs;
  return true;
}

bool SimDevice::TakeLie() {
  if (lying_syncs_ == 0) return false;
  --lying_syncs_;
  ++scheduler_.counters().lying_syncs;
  return true;
}

void SimDevice::FinishReplacements() {
  for (const Replacement& replacement : std::exchange(replacing_, {})) {
    // The rename is the moment of truth: the old content or the new one, never a mixture. An
    // error can only be a full disk, where the old one stays.
    if (random_.Below(2) == 0) {
      Status replaced = image_.Replace(replacement.path, replacement.bytes);
      static_cast<void>(replaced);
    }
  }
}

void SimDevice::PowerCut() {
  FinishReplacements();
  DiskImage::CrashLoss loss = image_.PowerCut(random_);
  scheduler_.counters().crash_lost_writes += loss.writes_lost;
  scheduler_.counters().crash_torn_writes += loss.writes_torn;
  scheduler_.counters().crash_lost_names += loss.names_lost;
  busy_until_ = scheduler_.now();
}

class SimFile : public File {
 public:
  SimFile(SimDevice& device, ProcessState& process, std::string path, DiskImage::File file)
      : device_(device), process_(process), path_(std::move(path)), file_(std::move(file)) {}

  Result<std::string> Read(uint64_t offset, size_t size) override {
    if (!process_.runs()) return Dead();
    if (offset >= file_->data.size()) return std::string();
    return file_->data.substr(offset, size);
  }

  Status Write(uint64_t offset, std::string_view bytes) override {
    if (!process_.runs()) return Dead();
    Status written = device_.image_.Write(file_, path_, offset, bytes);
    Scheduler& scheduler = device_.scheduler_;
    if (!written.ok()) ++scheduler.counters().disk_full_writes;
    scheduler.log().Bytes(scheduler.now(), "wrote", process_.name, bytes);
    return written;
  }

  Status Truncate(uint64_t size) override {
    if (!process_.runs()) return Dead();
    return device_.image_.Truncate(file_, size);
  }

  uint64_t Size() const override { return file_->data.size(); }

  void Sync(Completion<Status> done) override {
    if (!process_.runs()) return;
    auto complete = [&device = device_, file = file_, path = path_, mark = device_.image_.Mark(),
                     done = std::move(done)] {
      if (device.TakeFailure()) {
        device.image_.Doom(file, mark);
        return done(SyncError(path));
      }
      if (!device.TakeLie()) device.image_.Commit(file, mark);
      done(Status::Ok());
    };
    device_.scheduler_.At(device_.NextCompletion(), &process_, EventKind::kDisk, std::move(complete));
  }

 private:
  SimDevice& device_;
  ProcessState& process_;
  std::string path_;
  DiskImage::File file_;
};

Result<std::unique_ptr<File>> SimDisk::Open(const std::string& path, OpenMode mode) {
  if (!process_.runs()) return Dead();
  auto file = device_.image_.Open(path, mode);
  if (!file.ok()) return file.error();
  return std::unique_ptr<File>(std::make_unique<SimFile>(device_, process_, path, *file));
}

Result<std::string> SimDisk::ReadAll(const std::string& path) {
  if (!process_.runs()) return Dead();
  auto file = device_.image_.Open(path, OpenMode::kRead);
  if (!file.ok()) return file.error();
  return (*file)->data;
}

void SimDisk::WriteAtomically(const std::string& path, std::string bytes, Completion<Status> done) {
  if (!process_.runs()) return;
  uint64_t id = ++device_.last_replacement_;
  device_.replacing_.push_back({id, path, std::move(bytes)});
  device_.NextCompletion();  // the file's sync; the directory's follows
  device_.scheduler_.At(device_.NextCompletion(), &process_, EventKind::kDisk,
                        [&device = device_, id, done = std::move(done)] {
                          auto found = std::find_if(device.replacing_.begin(), device.replacing_.end(),
                                                    [id](const auto& r) { return r.id == id; });
                          SimDevice::Replacement replacement = std::move(*found);
                          device.replacing_.erase(found);
                          if (device.TakeFailure()) return done(SyncError(replacement.path));
                          Status replaced = device.image_.Replace(replacement.path, std::move(replacement.bytes));
                          if (replaced.code() == Code::kResourceExhausted) {
                            ++device.scheduler_.counters().disk_full_writes;
                          }
                          done(replaced);
                        });
}

Status SimDisk::Rename(const std::string& from, const std::string& to) {
  return process_.runs() ? device_.image_.Rename(from, to) : Dead();
}

Status SimDisk::Remove(const std::string& path) { return process_.runs() ? device_.image_.Remove(path) : Dead(); }

Status SimDisk::MakeDirectories(const std::string& path) {
  if (!process_.runs()) return Dead();
  device_.image_.MakeDirectories(path);
  return Status::Ok();
}

Result<std::vector<std::string>> SimDisk::List(const std::string& directory) {
  if (!process_.runs()) return Dead();
  return device_.image_.List(directory);
}

bool SimDisk::Exists(const std::string& path) { return process_.runs() && device_.image_.Exists(path); }

void SimDisk::SyncDirectory(const std::string& path, Completion<Status> done) {
  if (!process_.runs()) return;
  auto complete = [&device = device_, path, mark = device_.image_.Mark(), done = std::move(done)] {
    if (device.TakeFailure()) return done(SyncError(path));
    device.image_.CommitNames(path, mark);
    done(Status::Ok());
  };
  device_.scheduler_.At(device_.NextCompletion(), &process_, EventKind::kDisk, std::move(complete));
}

}  // namespace kp::runtime::sim
