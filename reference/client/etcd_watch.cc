#include "reference/client/etcd_watch.h"

#include <utility>
#include <vector>

#include "reference/client/etcd_messages.h"
#include "reference/store/etcd.pb.h"

namespace kp::client {
namespace {

// The handler may destroy the watch from any of its methods, so nothing of it is touched afterwards.
class Watch final : public EtcdWatch, public transport::GrpcClientStreamHandler {
 public:
  Watch(transport::GrpcChannel& channel, const EtcdWatchOptions& options, EtcdWatchHandler* handler)
      : handler_(handler), stream_(channel.OpenStream("/etcdserverpb.Watch/Watch", {}, this)) {
    stream_->Send(ToMessage(options).SerializeAsString());
  }

  void RequestProgress() override {
    if (!stream_) return;
    etcdserverpb::WatchRequest request;
    request.mutable_progress_request();
    stream_->Send(request.SerializeAsString());
  }

  void OnMessage(std::string_view bytes) override {
    if (handler_ == nullptr) return;
    etcdserverpb::WatchResponse reply;
    if (!reply.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return End({Code::kInternal, "etcd: malformed watch reply"}, 0);
    }
    if (reply.canceled()) return OnCanceled(reply);
    if (reply.created()) return handler_->OnCreated(reply.header().revision());
    for (mvccpb::Event& event : *reply.mutable_events()) pending_.push_back(FromMessage(std::move(event)));
    if (reply.fragment()) return;  // the rest of these revisions follows
    const std::vector<EtcdEvent> events = std::exchange(pending_, {});
    handler_->OnEvents(reply.header().revision(), events);
  }

  void OnEnd(const Status& status) override {
    End(status.ok() ? Status(Code::kUnavailable, "etcd: watch stream ended") : status, 0);
  }

 private:
  void OnCanceled(const etcdserverpb::WatchResponse& reply) {
    if (reply.compact_revision() > 0) {
      End({Code::kOutOfRange, "etcdserver: mvcc: required revision has been compacted"}, reply.compact_revision());
    } else {
      End({Code::kCancelled, reply.cancel_reason().empty() ? "etcd: watch canceled" : reply.cancel_reason()}, 0);
    }
  }

  void End(const Status& reason, int64_t compact_revision) {
    EtcdWatchHandler* handler = std::exchange(handler_, nullptr);
    if (handler != nullptr) handler->OnEnd(reason, compact_revision);
  }

  EtcdWatchHandler* handler_;
  std::vector<EtcdEvent> pending_;
  std::unique_ptr<transport::GrpcClientStream> stream_;
};

}  // namespace

std::unique_ptr<EtcdWatch> OpenWatch(transport::GrpcChannel& channel, const EtcdWatchOptions& options,
                                     EtcdWatchHandler* handler) {
  return std::make_unique<Watch>(channel, options, handler);
}

}  // namespace kp::client
