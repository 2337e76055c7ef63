#include <utility>

#include "reference/store/services.h"

namespace kp::store {
namespace {

// A watch stream with more than this waiting is slow: its watchers keep their place in the event log.
constexpr size_t kSlowStreamBytes = 1 << 20;
// As is each of a connection that has many of them.
constexpr size_t kSlowConnectionBytes = 32 << 20;

}  // namespace

class Services::WatchStream : public transport::GrpcServerStreamHandler, private WatchSink {
 public:
  WatchStream(Services& services, std::shared_ptr<transport::GrpcServerStream> stream)
      : services_(services), stream_(std::move(stream)) {
    id_ = services_.member_.OpenWatch(this);
  }

  void OnMessage(std::string_view message) override {
    const Result<WatchRequest> request = Decode<WatchRequest>(message);
    if (!request.ok()) return stream_->Finish(request.error());
    services_.member_.HandleWatch(id_, *request);
  }
  // As in etcd, a client that only stops asking goes on watching.
  void OnHalfClose() override {}
  void OnEnd() override {
    services_.member_.CloseWatch(id_);
    services_.need_leader_.erase(stream_);
  }

 private:
  void OnReply(const WatchReply& reply) override {
    const ReplyHeader header = services_.member_.Header(reply.revision);
    const size_t most = services_.member_.options().max_request_bytes;
    if (reply.batch) {
      auto events = EncodeEvents(*reply.batch, reply.prev_kv);
      if (!reply.may_fragment || events->size() <= most) {
        return stream_->SendParts(EncodeHead(header, reply), std::move(events));
      }
    }
    for (std::string& message : Encode(header, reply, most)) {
      stream_->Send(std::make_shared<const std::string>(std::move(message)));
    }
  }
  bool Ready() const override {
    return stream_->BufferedBytes() < kSlowStreamBytes && stream_->ConnectionBufferedBytes() < kSlowConnectionBytes;
  }

  Services& services_;
  std::shared_ptr<transport::GrpcServerStream> stream_;
  WatchHub::StreamId id_ = 0;
};

class Services::KeepAliveStream : public transport::GrpcServerStreamHandler {
 public:
  KeepAliveStream(Services& services, std::shared_ptr<transport::GrpcServerStream> stream)
      : services_(services), stream_(std::move(stream)) {}

  // The header is taken before the renewal, so its revision is not beyond the renewal's point.
  void OnMessage(std::string_view message) override {
    const Result<int64_t> id = Decode<int64_t>(message);
    if (!id.ok()) return stream_->Finish(id.error());
    const ReplyHeader header = services_.member_.Header(services_.member_.store().revision());
    ++waiting_;
    services_.member_.LeaseRenew(*id, alive_.Wrap([this, header, id = *id](const Result<int64_t>& ttl) {
      --waiting_;
      if (!ttl.ok()) return stream_->Finish(ttl.error());
      stream_->Send(std::make_shared<const std::string>(EncodeKeepAlive(header, id, *ttl)));
      if (half_closed_ && waiting_ == 0) stream_->Finish({});
    }));
  }
  void OnHalfClose() override {
    half_closed_ = true;
    if (waiting_ == 0) stream_->Finish({});
  }
  void OnEnd() override {
    alive_.Reset();
    services_.need_leader_.erase(stream_);
  }

 private:
  Services& services_;
  std::shared_ptr<transport::GrpcServerStream> stream_;
  int waiting_ = 0;
  bool half_closed_ = false;
  Alive alive_;
};

namespace {

// Ends at once with a reason.
class RefusedStream : public transport::GrpcServerStreamHandler {
 public:
  void OnMessage(std::string_view) override {}
  void OnEnd() override {}
};

}  // namespace

Services::HandlerPtr Services::MakeRefusedStream() { return std::make_unique<RefusedStream>(); }

void Services::BindStreams(transport::GrpcServices& services) {
  const auto bind = [&](const std::string& name, auto make) {
    services.streams[name] = [this, make](std::shared_ptr<transport::GrpcServerStream> stream)
        -> std::unique_ptr<transport::GrpcServerStreamHandler> {
      if (RefusesNow(stream->context())) {
        stream->Finish(ErrorNoLeader());
        return std::make_unique<RefusedStream>();
      }
      if (stream->context().metadata.Get("hasleader") == "true") {
        need_leader_.insert(stream);
        if (!leader_check_.pending()) CheckLeader();
      }
      return make(std::move(stream));
    };
  };
  bind("/etcdserverpb.Watch/Watch", [this](std::shared_ptr<transport::GrpcServerStream> stream) {
    return std::make_unique<WatchStream>(*this, std::move(stream));
  });
  bind("/etcdserverpb.Lease/LeaseKeepAlive", [this](std::shared_ptr<transport::GrpcServerStream> stream) {
    return std::make_unique<KeepAliveStream>(*this, std::move(stream));
  });
}

// Streams that need a leader end when there has been none for two election timeouts.
void Services::CheckLeader() {
  checks_without_leader_ = member_.has_leader() ? 0 : checks_without_leader_ + 1;
  if (checks_without_leader_ > 2) {
    for (const auto& stream : std::exchange(need_leader_, {})) stream->Finish(ErrorNoLeader());
  }
  if (!need_leader_.empty()) {
    leader_check_.Start(member_.options().election_timeout, [this] { CheckLeader(); });
  }
}

}  // namespace kp::store
