// RangeStream: a range in pieces, so that no list needs one message as large as itself. The pairs are those of one
// moment and are shared with the store until they are sent; header, count and `more` come with the last piece.
#include <algorithm>
#include <utility>

#include "reference/base/mutant.h"
#include "reference/store/proto_writer.h"
#include "reference/store/services.h"
#include "reference/store/validate.h"

namespace kp::store {
namespace {

constexpr size_t kPieceBytes = 512 * 1024;
// A client that does not read holds this much and the pointers.
constexpr size_t kFullBytes = 1 << 20;
constexpr Duration kFullRetry = 5ms;

// What cannot be told in key order as it goes.
bool NeedsTheWhole(const RangeRequest& request) {
  const bool sorted = request.target != RangeRequest::Target::kKey || request.order == RangeRequest::Order::kDescend;
  return sorted || request.min_mod_revision != 0 || request.max_mod_revision != 0 || request.min_create_revision != 0 ||
         request.max_create_revision != 0;
}

}  // namespace

class Services::RangeStream : public transport::GrpcServerStreamHandler {
 public:
  RangeStream(Services& services, StreamPtr stream)
      : services_(services), stream_(std::move(stream)), retry_(services.env_) {}

  void OnMessage(std::string_view message) override {
    if (std::exchange(asked_, true)) return;
    Result<RangeRequest> request = Decode<RangeRequest>(message);
    if (!request.ok()) return stream_->Finish(request.error());
    if (kp::Status status = Validate(*request); !status.ok()) return stream_->Finish(status);
    if (NeedsTheWhole(*request) && !KP_MUTANT("range-stream-takes-any-order")) {
      return stream_->Finish({Code::kUnimplemented, "etcdserver: RangeStream takes neither sorting nor filters"});
    }
    const Result<Caller> caller = services_.Identify(stream_->context());
    if (!caller.ok()) return stream_->Finish(caller.error());
    const bool serializable = request->serializable;
    const auto read = [this, caller = *caller, request = std::move(*request)](const kp::Status& status) {
      if (!status.ok()) return stream_->Finish(status);
      if (kp::Status allowed = services_.AccessOf(caller).Check(request); !allowed.ok()) {
        return stream_->Finish(allowed);
      }
      Result<RangeResponse> found = services_.member_.store().Range(request);
      if (!found.ok()) return stream_->Finish(found.error());
      found_ = std::move(*found);
      SendPieces();
    };
    if (serializable) return read({});
    services_.member_.ReadBarrier(alive_.Wrap(read));
  }
  void OnEnd() override {
    alive_.Reset();
    retry_.Stop();
    services_.need_leader_.erase(stream_);
  }

 private:
  void SendPieces() {
    while (next_ < found_.kvs.size()) {
      if (stream_->BufferedBytes() >= kFullBytes) return retry_.Start(kFullRetry, [this] { SendPieces(); });
      RangeResponse piece;
      piece.keys_only = found_.keys_only;
      for (size_t size = 0; next_ < found_.kvs.size() && size < kPieceBytes; ++next_) {
        const KeyValue& kv = *found_.kvs[next_];
        size += kv.key.size() + (found_.keys_only ? 0 : kv.value.size()) + 32;
        piece.kvs.push_back(found_.kvs[next_]);
      }
      if (KP_MUTANT("range-stream-loses-a-pair") && piece.kvs.size() > 1) piece.kvs.pop_back();
      if (next_ == found_.kvs.size()) return SendLast(std::move(piece));
      ProtoWriter out;
      out.Message(1, EncodePart(piece));
      stream_->Send(std::make_shared<const std::string>(out.Take()));
    }
    SendLast({});
  }

  void SendLast(RangeResponse piece) {
    piece.keys_only = found_.keys_only;
    piece.more = found_.more;
    piece.count = found_.count;
    ProtoWriter out;
    out.Message(1, Encode(services_.member_.Header(found_.revision), piece));
    stream_->Send(std::make_shared<const std::string>(out.Take()));
    stream_->Finish({});
  }

  Services& services_;
  StreamPtr stream_;
  bool asked_ = false;
  RangeResponse found_;
  size_t next_ = 0;
  runtime::Timer retry_;
  Alive alive_;
};

void Services::BindRangeStream(transport::GrpcServices& services) {
  BindStream(services, "/etcdserverpb.KV/RangeStream",
             [this](StreamPtr stream) { return std::make_unique<RangeStream>(*this, std::move(stream)); });
}

}  // namespace kp::store
