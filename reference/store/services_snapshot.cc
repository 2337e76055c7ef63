#include <optional>
#include <utility>

#include "reference/base/mutant.h"
#include "reference/base/sha.h"
#include "reference/store/backend_image.h"
#include "reference/store/proto_writer.h"
#include "reference/store/services.h"

namespace kp::store {
namespace {

// etcd's snapshotSendBufferSize.
constexpr size_t kBlobBytes = 32 * 1024;
// What waits for a slow client; the rest of the file is not made yet.
constexpr size_t kMaxBuffered = 1 << 20;
constexpr Duration kRetry = 5ms;

std::string Message(uint64_t remaining, std::string_view blob) {
  ProtoWriter out;
  out.Uint(2, remaining);
  out.Bytes(3, blob);
  return out.Take();
}

}  // namespace

// The state as of the request, as an etcd backend file and its SHA-256. Pages are made as the client takes them.
class Services::SnapshotStream : public transport::GrpcServerStreamHandler {
 public:
  SnapshotStream(Services& services, StreamPtr stream)
      : services_(services), stream_(std::move(stream)), retry_(services.env_) {}

  void OnMessage(std::string_view) override {
    if (writer_) return;
    const Member& member = services_.member_;
    writer_.emplace(WriteBackend(member.store(), member.membership(), {.consistent_index = member.applied_index()}));
    remaining_ = writer_->file_bytes();
    Pump();
  }
  void OnEnd() override { retry_.Stop(); }

 private:
  void Pump() {
    while (remaining_ > 0) {
      if (stream_->BufferedBytes() > kMaxBuffered) return retry_.Start(kRetry, [this] { Pump(); });
      while (pages_.size() < kBlobBytes && pages_.size() < remaining_) pages_ += writer_->Next();
      const std::string blob = pages_.substr(0, kBlobBytes);
      pages_.erase(0, blob.size());
      hash_.Add(blob);
      remaining_ -= blob.size();
      stream_->Send(std::make_shared<const std::string>(Message(remaining_, blob)));
    }
    std::string digest = hash_.Finish();
    if (KP_MUTANT("store-snapshot-hash-wrong")) digest[0] = static_cast<char>(digest[0] ^ 1);
    stream_->Send(std::make_shared<const std::string>(Message(0, digest)));
    stream_->Finish({});
  }

  Services& services_;
  StreamPtr stream_;
  runtime::Timer retry_;
  std::optional<BoltWriter> writer_;
  std::string pages_;  // made and not sent
  uint64_t remaining_ = 0;
  Sha256Stream hash_;
};

void Services::BindSnapshot(transport::GrpcServices& services) {
  services.streams["/etcdserverpb.Maintenance/Snapshot"] = [this](StreamPtr stream) -> HandlerPtr {
    return std::make_unique<SnapshotStream>(*this, std::move(stream));
  };
}

}  // namespace kp::store
