#include "reference/store/codec.h"

#include <gtest/gtest.h>

#include "reference/store/etcd.pb.h"

namespace kp::store {
namespace {

namespace pb = etcdserverpb;

const ReplyHeader kHeader{.cluster = 0xfffffffffffffff1, .member = 2, .revision = 300, .term = 4};

KeyValuePtr Pair() {
  auto kv = std::make_shared<KeyValue>();
  kv->key = "key";
  kv->value = std::string(200, 'v');
  kv->create_revision = 5;
  kv->mod_revision = 300;
  kv->version = 2;
  kv->lease = -1;
  return kv;
}

// The generated code is the oracle: what we write, it must read, and write in the same way.
template <typename Message>
Message Parsed(const std::string& bytes) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(bytes));
  EXPECT_EQ(message.SerializeAsString(), bytes);
  return message;
}

TEST(Codec, RangeResponse) {
  const auto message =
      Parsed<pb::RangeResponse>(Encode(kHeader, RangeResponse{.kvs = {Pair(), Pair()}, .more = true, .count = 7}));
  EXPECT_EQ(message.header().cluster_id(), kHeader.cluster);
  EXPECT_EQ(message.header().revision(), 300);
  EXPECT_EQ(message.kvs(1).value().size(), 200U);
  EXPECT_EQ(message.kvs(1).lease(), -1);
  EXPECT_TRUE(message.more());
  EXPECT_EQ(message.count(), 7);
  const auto keys = Parsed<pb::RangeResponse>(Encode(kHeader, RangeResponse{.kvs = {Pair()}, .keys_only = true}));
  EXPECT_EQ(keys.kvs(0).key(), "key");
  EXPECT_EQ(keys.kvs(0).value(), "");
}

TEST(Codec, TxnResponseNests) {
  TxnResponse inner{.revision = 9, .succeeded = true, .responses = {PutResponse{.revision = 9, .previous = Pair()}}};
  TxnResponse outer{.responses = {RangeResponse{.revision = 8, .kvs = {Pair()}}, DeleteRangeResponse{.deleted = 3},
                                  std::make_shared<const TxnResponse>(inner)}};
  const auto message = Parsed<pb::TxnResponse>(Encode(kHeader, outer));
  EXPECT_FALSE(message.succeeded());
  EXPECT_EQ(message.responses(0).response_range().header().revision(), 8);
  EXPECT_EQ(message.responses(1).response_delete_range().deleted(), 3);
  EXPECT_EQ(message.responses(2).response_txn().responses(0).response_put().prev_kv().version(), 2);
}

TEST(Codec, OtherAnswers) {
  EXPECT_EQ(Parsed<pb::LeaseGrantResponse>(Encode(kHeader, LeaseGrantResponse{.id = 5, .ttl = 6})).ttl(), 6);
  EXPECT_EQ(Parsed<pb::LeaseTimeToLiveResponse>(Encode(kHeader, LeaseTimeToLiveResponse{.id = 5})).ttl(), -1);
  EXPECT_EQ(Parsed<pb::StatusResponse>(Encode(kHeader, StatusResponse{.version = "3.4.0", .leader = 9})).leader(), 9U);
  EXPECT_EQ(Parsed<pb::LeaseLeasesResponse>(EncodeLeases(kHeader, {3, 4})).leases(1).id(), 4);
  EXPECT_EQ(Parsed<pb::HashKVResponse>(EncodeHashKv(kHeader, 77, -1)).compact_revision(), -1);
  const auto members = Parsed<pb::MemberListResponse>(
      Encode(kHeader, std::vector<MemberDescription>{{.id = 1, .name = "a", .client_urls = {"http://x"}}}));
  EXPECT_EQ(members.members(0).clienturls(0), "http://x");
}

TEST(Codec, WatchReplyIsCutOnlyWhenTheWatcherAllowsIt) {
  WatchReply reply{.watch_id = 3, .revision = 300, .prev_kv = true};
  reply.batch = Batch(std::vector<Event>(3, {Pair(), Pair()}));
  const auto whole = Encode(kHeader, reply, 500);
  ASSERT_EQ(whole.size(), 1U);
  const auto message = Parsed<pb::WatchResponse>(whole[0]);
  EXPECT_EQ(message.events_size(), 3);
  EXPECT_EQ(message.events(2).prev_kv().key(), "key");
  reply.may_fragment = true;
  const auto pieces = Encode(kHeader, reply, 500);
  ASSERT_EQ(pieces.size(), 3U);
  EXPECT_TRUE(Parsed<pb::WatchResponse>(pieces[1]).fragment());
  EXPECT_FALSE(Parsed<pb::WatchResponse>(pieces[2]).fragment());
}

TEST(Codec, TombstoneIsADeleteEventWithKeyAndRevision) {
  auto tombstone = std::make_shared<KeyValue>();
  tombstone->key = "gone";
  tombstone->mod_revision = 8;
  WatchReply reply{.batch = Batch({{tombstone, nullptr}})};
  const auto message = Parsed<pb::WatchResponse>(Encode(kHeader, reply, 500)[0]);
  EXPECT_EQ(message.events(0).type(), mvccpb::Event::DELETE);
  EXPECT_EQ(message.events(0).kv().key(), "gone");
  EXPECT_EQ(message.events(0).kv().version(), 0);
}

TEST(Codec, TxnRequestKeepsItsTree) {
  pb::TxnRequest message;
  pb::Compare* compare = message.add_compare();
  compare->set_target(pb::Compare::VALUE);
  compare->set_key("k");
  compare->set_value("v");
  message.add_success()->mutable_request_txn()->add_failure()->mutable_request_put()->set_key("deep");
  message.add_failure();
  const Result<TxnRequest> txn = Decode<TxnRequest>(message.SerializeAsString());
  ASSERT_TRUE(txn.ok());
  EXPECT_EQ(txn->compares.at(0).value, "v");
  const auto& child = std::get<std::shared_ptr<const TxnRequest>>(txn->success.at(0));
  EXPECT_EQ(std::get<PutRequest>(child->failure.at(0)).key, "deep");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(txn->failure.at(0)));
}

TEST(Codec, MalformedRequestIsRefused) {
  EXPECT_EQ(Decode<PutRequest>("\x0a\xff").status().code(), Code::kInternal);
  EXPECT_EQ(DecodeCommand(static_cast<CommandKind>(99), "").status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace kp::store
