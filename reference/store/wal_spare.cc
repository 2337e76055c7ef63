#include "reference/store/wal_spare.h"

#include <algorithm>
#include <utility>

#include "reference/base/mutant.h"

namespace kp::store {
namespace {

// Small enough that a sync of the log hardly waits for it.
constexpr uint64_t kChunk = 256 << 10;
// One write makes one folio of the page cache, and Linux writes and accounts a folio as a whole when a part of it is
// changed. Small ones keep the log's own writes small.
constexpr uint64_t kPage = 4096;

}  // namespace

void WalSpare::Prepare(const std::string& recycled, Completion<Status> failed) {
  failed_ = std::move(failed);
  state_ = State::kFilling;
  if (recycled.empty()) return Open();
  if (Status status = env_.disk().Rename(recycled, path_); !status.ok()) return Fail(status);
  if (KP_MUTANT("wal-recycles-before-rename-lasts")) return Open();
  // Before it is overwritten: under its old name it would be taken for a damaged part of the log.
  env_.disk().SyncDirectory(directory_, alive_.Wrap([this](const Status& status) {
    if (!status.ok()) return Fail(status);
    Open();
  }));
}

void WalSpare::Open() {
  auto file = env_.disk().Open(path_, runtime::Disk::OpenMode::kCreate);
  if (!file.ok()) return Fail(file.error());
  file_ = std::move(*file);
  if (file_->Size() > bytes_) {
    if (Status status = file_->Truncate(bytes_); !status.ok()) return Fail(status);
  }
  filled_ = 0;
  Fill();
}

void WalSpare::Fill() {
  if (filled_ == bytes_) {
    state_ = State::kReady;
    return;
  }
  static const std::string kZeros(kPage, '\0');
  for (const uint64_t end = std::min(filled_ + kChunk, bytes_); filled_ < end;) {
    const uint64_t size = std::min(kPage, end - filled_);
    if (Status status = file_->Write(filled_, std::string_view(kZeros).substr(0, size)); !status.ok()) {
      return Fail(status);
    }
    filled_ += size;
  }
  file_->Sync(alive_.Wrap([this](const Status& status) {
    if (!status.ok()) return Fail(status);
    Fill();
  }));
}

std::unique_ptr<runtime::File> WalSpare::Take() {
  state_ = State::kNone;
  return std::move(file_);
}

void WalSpare::Fail(const Status& status) {
  file_ = nullptr;
  env_.Post(alive_.Wrap([failed = std::exchange(failed_, nullptr), status] { failed(status); }));
}

}  // namespace kp::store
