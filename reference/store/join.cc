#include "reference/store/join.h"

#include <algorithm>
#include <utility>

#include "reference/base/strings.h"
#include "reference/store/membership.h"
#include "reference/store/peer_frames.h"

namespace kp::store {
namespace {

constexpr Duration kAnswerTimeout = 5s;

class Question final : public JoinQuestion, private runtime::StreamHandler {
 public:
  Question(runtime::Env& env, std::vector<Url> urls, std::shared_ptr<transport::TlsContext> tls,
           Completion<Result<ClusterView>> done)
      : env_(env), urls_(std::move(urls)), tls_(std::move(tls)), done_(std::move(done)), timer_(env) {
    env_.Post(alive_.Wrap([this] { Ask(); }));
  }
  ~Question() override {
    if (stream_) stream_->SetHandler(nullptr);
  }

 private:
  void Ask() {
    if (next_ == urls_.size()) {
      return Finish(Status(Code::kUnavailable, "cannot fetch cluster info from peer urls: " +
                                                   (urls_.empty() ? "there are none" : last_.message())));
    }
    const Url& url = urls_[next_++];
    timer_.Start(kAnswerTimeout, [this] { Next({Code::kDeadlineExceeded, "no answer"}); });
    env_.network().Dial(url.address, kAnswerTimeout,
                        attempt_.Wrap([this, url](Result<std::unique_ptr<runtime::Stream>> stream) {
                          if (!stream.ok()) return Next(stream.error());
                          if (!url.tls) return OnConnected(std::move(*stream));
                          const std::string host = url.address.substr(0, url.address.rfind(':'));
                          tls_->Connect(env_, std::move(*stream), host, kAnswerTimeout,
                                        attempt_.Wrap([this](Result<transport::SecureStream> secure) {
                                          if (!secure.ok()) return Next(secure.error());
                                          OnConnected(std::move(secure->stream));
                                        }));
                        }));
  }

  void Next(const Status& reason) {
    last_ = Status(reason.code(), urls_[next_ - 1].ToString() + ": " + reason.message());
    attempt_.Reset();
    if (stream_) {
      stream_->SetHandler(nullptr);
      // It may be in the middle of a call.
      env_.Post([gone = std::shared_ptr<runtime::Stream>(std::move(stream_))] {});
    }
    reader_ = {};
    env_.Post(alive_.Wrap([this] { Ask(); }));
  }

  void OnConnected(std::unique_ptr<runtime::Stream> stream) {
    stream_ = std::move(stream);
    stream_->SetHandler(this);
    stream_->Write(EncodeFrame(FrameType::kAskMembers, ""));
  }

  void OnData(std::string_view bytes) override {
    bool answered = false;
    Status problem{Code::kUnavailable, "the answer makes no sense"};
    reader_.Feed(bytes, [&](FrameType type, std::string_view payload) {
      answered = true;
      if (type != FrameType::kTellMembers) return false;
      Result<ClusterView> view = DecodeClusterView(payload);
      problem = view.status();
      if (view.ok()) env_.Post(alive_.Wrap([this, view = std::move(view)] { Finish(view); }));
      return false;
    });
    if (answered && !problem.ok()) return Next(problem);
    if (!answered) return;
    timer_.Stop();
    stream_->SetHandler(nullptr);
  }
  void OnClose(const Status& reason) override {
    Next(reason.ok() ? Status(Code::kUnavailable, "closed by the peer") : reason);
  }

  void Finish(Result<ClusterView> result) {
    timer_.Stop();
    const auto done = std::move(done_);  // may destroy this
    done(std::move(result));
  }

  runtime::Env& env_;
  const std::vector<Url> urls_;
  std::shared_ptr<transport::TlsContext> tls_;
  Completion<Result<ClusterView>> done_;
  runtime::Timer timer_;
  size_t next_ = 0;
  Status last_;
  std::unique_ptr<runtime::Stream> stream_;
  FrameReader reader_;
  Alive attempt_;
  Alive alive_;
};

}  // namespace

std::string EncodeClusterView(const ClusterView& view) {
  BinaryWriter out;
  out.Number(view.cluster);
  for (const auto* members : {&view.bootstrap, &view.members}) {
    out.Number(members->size());
    for (const MemberDescription& member : *members) WriteMember(out, member);
  }
  return std::move(out.bytes());
}

Result<ClusterView> DecodeClusterView(std::string_view bytes) {
  BinaryReader in(bytes);
  ClusterView view;
  view.cluster = in.Number();
  for (auto* members : {&view.bootstrap, &view.members}) {
    for (uint64_t left = in.Number(); left > 0 && in.ok(); --left) members->push_back(ReadMember(in));
  }
  if (!in.AtEnd()) return Status(Code::kUnavailable, "malformed description of a cluster");
  return view;
}

Result<uint64_t> FindSelf(const ClusterView& view, const Cluster& initial_cluster, const std::string& name) {
  const auto refused = [](const std::string& why) {
    return Status(Code::kInvalidArgument, "error validating peerURLs: " + why);
  };
  if (view.members.size() != initial_cluster.members.size()) {
    return refused("member count is unequal: --initial-cluster has " + std::to_string(initial_cluster.members.size()) +
                   ", the cluster " + std::to_string(view.members.size()));
  }
  std::optional<uint64_t> self;
  for (const ClusterMember& flagged : initial_cluster.members) {
    const auto same = std::find_if(view.members.begin(), view.members.end(), [&](const MemberDescription& member) {
      std::vector<std::string> urls = member.peer_urls;
      std::sort(urls.begin(), urls.end());
      return urls == UrlTexts(flagged.peer_urls);
    });
    if (same == view.members.end()) {
      return refused("unmatched member while checking PeerURLs: " + flagged.name + "=" +
                     Join(UrlTexts(flagged.peer_urls), ","));
    }
    if (flagged.name == name) self = same->id;
  }
  if (!self) return refused("couldn't find local name " + Quote(name) + " in the initial cluster configuration");
  return *self;
}

bool HasLog(runtime::Disk& disk, const std::string& data_dir) {
  const auto names = disk.List(data_dir);
  return names.ok() && std::any_of(names->begin(), names->end(), [](const std::string& name) {
           return name.ends_with(".wal") || name.ends_with(".snap");
         });
}

std::unique_ptr<JoinQuestion> AskForCluster(runtime::Env& env, const std::vector<Url>& urls,
                                            const transport::TlsOptions& tls, Completion<Result<ClusterView>> done) {
  auto context = transport::TlsContext::Client(tls);
  if (!context.ok()) {
    env.Post([done = std::move(done), why = context.error()] { done(why); });
    return nullptr;
  }
  return std::make_unique<Question>(env, urls, *context, std::move(done));
}

}  // namespace kp::store
