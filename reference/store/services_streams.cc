#include <utility>

#include "reference/base/mutant.h"
#include "reference/store/services.h"

namespace kp::store {
namespace {

// A watch stream with more than this waiting is slow: its watchers keep their place in the event log.
constexpr size_t kSlowStreamBytes = 1 << 20;
// As is each of a connection that has many of them.
constexpr size_t kSlowConnectionBytes = 32 << 20;

// Clients know the reason of a refused watch by the text that Go prints of the status.
std::string GoText(const Status& status) {
  const std::string_view code = status.code() == Code::kUnauthenticated    ? "Unauthenticated"
                                : status.code() == Code::kPermissionDenied ? "PermissionDenied"
                                                                           : "InvalidArgument";
  return "rpc error: code = " + std::string(code) + " desc = " + status.message();
}

// What deliberate bugs make of a request.
void Distort(WatchCreate& create, const Mvcc& store) {
  Revision& start = create.start_revision;
  if (KP_MUTANT("watch-ignores-the-given-id")) create.watch_id = 0;
  if (KP_MUTANT("watch-takes-revisions-below-zero")) start = start < 0 ? 1 : start;
  if (KP_MUTANT("watch-does-not-wait-for-its-revision")) start = std::min(start, store.revision() + 1);
  if (KP_MUTANT("watch-skips-what-is-compacted") && start > 0) start = std::max(start, store.compacted());
  if (KP_MUTANT("watch-skips-the-past")) start = 0;
  if (KP_MUTANT("watch-ignores-filters")) create.no_put = create.no_delete = false;
  if (KP_MUTANT("watch-always-tells-former-pairs")) create.prev_kv = true;
  if (KP_MUTANT("watch-always-fragments")) create.fragment = true;
  if (KP_MUTANT("watch-never-fragments")) create.fragment = false;
  if (KP_MUTANT("watch-idle-ones-are-silent")) create.progress_notify = false;
  if (KP_MUTANT("watch-of-one-key-tells-all") && create.range_end.empty()) create.range_end = std::string(1, '\0');
}

}  // namespace

class Services::WatchStream : public transport::GrpcServerStreamHandler, private WatchSink {
 public:
  WatchStream(Services& services, std::shared_ptr<transport::GrpcServerStream> stream)
      : services_(services), stream_(std::move(stream)) {
    id_ = services_.member_.OpenWatch(this);
  }

  void OnMessage(std::string_view message) override {
    Result<WatchRequest> request = Decode<WatchRequest>(message);
    if (!request.ok()) return stream_->Finish(request.error());
    if (std::holds_alternative<WatchProgress>(*request) && KP_MUTANT("watch-ignores-progress-requests")) return;
    if (const auto* cancel = std::get_if<WatchCancel>(&*request)) {
      if (KP_MUTANT("watch-answers-any-cancel")) OnReply({.watch_id = cancel->watch_id, .canceled = true});
    }
    if (auto* create = std::get_if<WatchCreate>(&*request)) {
      Distort(*create, services_.member_.store());
      if (const kp::Status allowed = services_.CheckWatch(stream_->context(), *create); !allowed.ok()) {
        return OnReply({.watch_id = kNoWatch,
                        .revision = services_.member_.store().revision(),
                        .created = true,
                        .canceled = true,
                        .cancel_reason = GoText(allowed)});
      }
    }
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
    if (reply.created && !reply.canceled && KP_MUTANT("watch-does-not-say-created")) return;
    if (reply.events().size() > 1 && KP_MUTANT("watch-splits-revisions")) {
      for (const Event& event : reply.events()) {
        OnReply({.watch_id = reply.watch_id, .revision = event.revision(), .batch = Batch({event})});
      }
      return;
    }
    if (reply.events().size() == 1 && reply.revision % 10 == 7 && KP_MUTANT("watch-loses-an-event-now-and-then"))
      return;
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
    const Result<Caller> caller = services_.Identify(stream_->context());
    if (!caller.ok()) return stream_->Finish(caller.error());
    if (kp::Status allowed = services_.AccessOf(*caller).CheckLease(*id); !allowed.ok()) {
      return stream_->Finish(allowed);
    }
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

void Services::BindStream(transport::GrpcServices& services, const std::string& name,
                          std::function<HandlerPtr(StreamPtr)> make) {
  services.streams[name] = [this, make = std::move(make)](StreamPtr stream) -> HandlerPtr {
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
}

void Services::BindStreams(transport::GrpcServices& services) {
  BindStream(services, "/etcdserverpb.Watch/Watch",
             [this](StreamPtr stream) { return std::make_unique<WatchStream>(*this, std::move(stream)); });
  BindStream(services, "/etcdserverpb.Lease/LeaseKeepAlive",
             [this](StreamPtr stream) { return std::make_unique<KeepAliveStream>(*this, std::move(stream)); });
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
