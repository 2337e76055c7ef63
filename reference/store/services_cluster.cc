#include <algorithm>
#include <utility>

#include "reference/base/strings.h"
#include "reference/store/etcd.pb.h"
#include "reference/store/services.h"

namespace kp::store {
namespace {

namespace pb = etcdserverpb;

template <typename Message>
Result<Message> Parse(std::string_view bytes) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Status(Code::kInternal, "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data");
  }
  return message;
}

template <typename Message>
std::string WithHeader(const ReplyHeader& header, Message message) {
  auto* to = message.mutable_header();
  to->set_cluster_id(header.cluster);
  to->set_member_id(header.member);
  to->set_revision(header.revision);
  to->set_raft_term(header.term);
  return message.SerializeAsString();
}

void Fill(const MemberDescription& member, pb::Member* to) {
  to->set_id(member.id);
  to->set_name(member.name);
  for (const std::string& url : member.peer_urls) to->add_peerurls(url);
  for (const std::string& url : member.client_urls) to->add_clienturls(url);
  to->set_islearner(member.learner);
}

// etcd's types.NewURLs: at least one, each a URL with a port and without a path; sorted.
template <typename Texts>
Result<std::vector<std::string>> PeerUrls(const Texts& texts) {
  std::vector<Url> urls;
  for (const std::string& text : texts) {
    auto url = ParseUrl(text);
    if (!url.ok()) return ErrorBadMemberUrls();
    urls.push_back(std::move(*url));
  }
  if (urls.empty()) return ErrorBadMemberUrls();
  return UrlTexts(urls);
}

}  // namespace

void Services::BindCluster(transport::GrpcServices& services) {
  const auto bind = [&](const std::string& name, std::function<void(std::string_view, Reply)> method) {
    services.unary["/etcdserverpb.Cluster/" + name] = Guarded(std::move(method));
  };
  // A local answer, as 3.4 has it; `linearizable` came with 3.5.
  bind("MemberList", [this](std::string_view bytes, Reply reply) {
    const auto request = Parse<pb::MemberListRequest>(bytes);
    if (!request.ok()) return reply(request.error());
    Read(!request->linearizable(), std::move(reply),
         [this]() -> Result<std::string> { return Encode(member_.Header(0), member_.membership().List()); });
  });
  bind("MemberAdd", [this](std::string_view bytes, Reply reply) { MemberAdd(bytes, std::move(reply)); });
  bind("MemberRemove", [this](std::string_view bytes, Reply reply) {
    const auto request = Parse<pb::MemberRemoveRequest>(bytes);
    if (!request.ok()) return reply(request.error());
    ChangeMember({MemberChange::Type::kRemove, {.id = request->id()}}, std::move(reply));
  });
  bind("MemberPromote", [this](std::string_view bytes, Reply reply) {
    const auto request = Parse<pb::MemberPromoteRequest>(bytes);
    if (!request.ok()) return reply(request.error());
    ChangeMember({MemberChange::Type::kPromote, {.id = request->id()}}, std::move(reply));
  });
  bind("MemberUpdate", [this](std::string_view bytes, Reply reply) {
    const auto request = Parse<pb::MemberUpdateRequest>(bytes);
    if (!request.ok()) return reply(request.error());
    auto urls = PeerUrls(request->peerurls());
    if (!urls.ok()) return reply(urls.error());
    ChangeMember({MemberChange::Type::kUpdatePeers, {.id = request->id(), .peer_urls = std::move(*urls)}},
                 std::move(reply));
  });
}

void Services::MemberAdd(std::string_view bytes, Reply reply) {
  const auto request = Parse<pb::MemberAddRequest>(bytes);
  if (!request.ok()) return reply(request.error());
  auto urls = PeerUrls(request->peerurls());
  if (!urls.ok()) return reply(urls.error());
  const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(env_.Wall().time_since_epoch()).count();
  MemberChange change{request->islearner() ? MemberChange::Type::kAddLearner : MemberChange::Type::kAdd, {}};
  change.member.id = MemberId(*urls, "", now);
  change.member.peer_urls = std::move(*urls);
  change.member.learner = request->islearner();
  member_.ChangeMembers(change, alive_.Wrap([this, change, reply = std::move(reply)](const Result<Response>& result) {
    if (!result.ok()) return reply(result.error());
    pb::MemberAddResponse response;
    Fill(change.member, response.mutable_member());
    for (const MemberDescription& member : member_.membership().List()) Fill(member, response.add_members());
    reply(WithHeader(member_.Header(0), std::move(response)));
  }));
}

// The answers of Remove, Update and Promote are the same on the wire: a header and the members as they are now.
void Services::ChangeMember(const MemberChange& change, Reply reply) {
  member_.ChangeMembers(change, alive_.Wrap([this, reply = std::move(reply)](const Result<Response>& result) {
    if (!result.ok()) return reply(result.error());
    reply(Encode(member_.Header(0), member_.membership().List()));
  }));
}

void Services::MoveLeader(std::string_view bytes, Reply reply) {
  const auto request = Parse<pb::MoveLeaderRequest>(bytes);
  if (!request.ok()) return reply(request.error());
  member_.MoveLeader(request->targetid(), alive_.Wrap([this, reply = std::move(reply)](const kp::Status& status) {
    if (!status.ok()) return reply(status);
    reply(Encode(member_.Header(0), PlainResponse()));
  }));
}

// etcdserver/api/v3rpc/interceptor.go, newUnaryInterceptor and newStreamInterceptor; snapshots as newer ones have it.
void Services::RestrictLearner(transport::GrpcServices& services) {
  for (auto& [name, method] : services.unary) {
    if (name == "/etcdserverpb.Maintenance/Status") continue;
    const bool range = name == "/etcdserverpb.KV/Range";
    method = [this, range, inner = std::move(method)](const Context& context, std::string_view bytes, Reply reply) {
      if (member_.is_learner()) {
        const auto request = Decode<RangeRequest>(range ? bytes : std::string_view());
        if (!range || !request.ok() || !request->serializable) return reply(ErrorNotForLearner());
      }
      inner(context, bytes, std::move(reply));
    };
  }
  for (auto& [name, method] : services.streams) {
    if (name == "/etcdserverpb.Maintenance/Snapshot") continue;
    method = [this, inner = std::move(method)](const StreamPtr& stream) -> HandlerPtr {
      if (!member_.is_learner()) return inner(stream);
      stream->Finish(ErrorNotForLearner());
      return MakeRefusedStream();
    };
  }
}

}  // namespace kp::store
