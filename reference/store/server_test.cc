#include "reference/store/server.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "reference/client/etcd.h"
#include "reference/runtime/posix/posix_env.h"

namespace kp::store {
namespace {

using client::EtcdEvent;

struct WatchLog : client::EtcdWatchHandler {
  void OnCreated(int64_t) override { created = true; }
  void OnEvents(int64_t, const std::vector<EtcdEvent>& more) override {
    events.insert(events.end(), more.begin(), more.end());
  }
  void OnEnd(const Status& reason, int64_t) override { ended = reason; }

  bool created = false;
  std::vector<EtcdEvent> events;
  std::optional<Status> ended;
};

// One member on real sockets and files, and a client beside it on the same loop.
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : dir_(std::filesystem::temp_directory_path() / ("kp-store-" + env_.random().NameSuffix(10))) {
    Restart();
  }
  ~ServerTest() override { std::filesystem::remove_all(dir_); }

  void Restart() {
    client_.reset();
    server_.reset();
    auto server = Server::Start(
        env_, {.data_dir = dir_ / "data", .listen_client_urls = "http://127.0.0.1:0", .snapshot_count = 20});
    ASSERT_TRUE(server.ok()) << server.status().ToString();
    server_ = std::move(*server);
    client_ = *client::EtcdClient::Create(env_, {.endpoints = {server_->ClientAddress()}});
  }
  template <typename T>
  T Wait(const std::function<void(Completion<T>)>& call) {
    std::optional<T> answer;
    call([&](T value) { answer.emplace(std::move(value)); });
    EXPECT_TRUE(env_.RunUntil([&] { return answer.has_value(); }, 10s).ok());
    return answer ? std::move(*answer) : T(Status(Code::kDeadlineExceeded, "no answer"));
  }
  Result<int64_t> Put(const std::string& key, const std::string& value) {
    return Wait<Result<int64_t>>([&](auto done) { client_->Put(key, value, 0, done); });
  }
  Result<client::EtcdRangeResult> Get(const std::string& key) {
    return Wait<Result<client::EtcdRangeResult>>([&](auto done) { client_->Range({.key = key}, done); });
  }
  Result<client::EtcdWriteResult> Write(const client::EtcdGuardedWrite& write) {
    return Wait<Result<client::EtcdWriteResult>>([&](auto done) { client_->Write(write, done); });
  }

  runtime::posix::PosixEnv env_{{.name = "store", .least_severity = runtime::Severity::kWarning}};
  std::filesystem::path dir_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<client::EtcdClient> client_;
};

TEST_F(ServerTest, PutAndGetOverGrpc) {
  EXPECT_EQ(*Put("a", "1"), 2);
  const auto found = Get("a");
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  EXPECT_EQ(found->revision, 2);
  EXPECT_EQ(found->kvs.at(0).value, "1");
  EXPECT_EQ(found->kvs.at(0).version, 1);
}

TEST_F(ServerTest, GuardedWriteHappensOnlyAtTheExpectedRevision) {
  EXPECT_EQ(Write({.key = "a", .expected_revision = 0, .value = "1"})->revision, 2);
  const auto refused = Write({.key = "a", .expected_revision = 0, .value = "2"});
  EXPECT_FALSE(refused->succeeded);
  EXPECT_EQ(refused->current->value, "1");
  EXPECT_TRUE(Write({.key = "a", .expected_revision = 2})->succeeded);
  EXPECT_EQ(Get("a")->count, 0);
}

TEST_F(ServerTest, WatchDeliversOldAndNewEvents) {
  *Put("a", "1");
  WatchLog log;
  const auto watch = client_->Watch({.key = "a", .range_end = "b", .start_revision = 2}, &log);
  *Put("a", "2");
  *Wait<Result<int64_t>>([&](auto done) { client_->DeleteRange("a", "", done); });
  ASSERT_TRUE(env_.RunUntil([&] { return log.events.size() == 3; }, 5s).ok());
  EXPECT_TRUE(log.created);
  EXPECT_EQ(log.events[0].kv.value, "1");
  EXPECT_EQ(log.events[1].previous->value, "1");
  EXPECT_TRUE(log.events[2].is_delete);
  EXPECT_EQ(log.events[2].kv.mod_revision, 4);
}

TEST_F(ServerTest, CompactedWatchIsEndedWithTheRevision) {
  for (const char* value : {"1", "2", "3"}) *Put("a", value);
  EXPECT_TRUE(Wait<Status>([&](auto done) { client_->Compact(3, done); }).ok());
  WatchLog log;
  const auto watch = client_->Watch({.key = "a", .start_revision = 2}, &log);
  ASSERT_TRUE(env_.RunUntil([&] { return log.ended.has_value(); }, 5s).ok());
  EXPECT_EQ(log.ended->code(), Code::kOutOfRange);
}

TEST_F(ServerTest, StateSurvivesARestart) {
  for (int i = 0; i < 50; ++i) *Put("key" + std::to_string(i % 7), std::to_string(i));
  const std::string before = server_->member().store().Serialize();
  Restart();
  ASSERT_TRUE(Get("key0").ok());
  EXPECT_EQ(server_->member().store().Serialize(), before);
  server_->member().CheckInvariants();
}

TEST_F(ServerTest, TooLargeARequestIsRefused) {
  EXPECT_EQ(Put("a", std::string(1600 * 1024, 'x')).status(), ErrorRequestTooLarge());
  EXPECT_EQ(Put("a", std::string(2200 * 1024, 'x')).status().code(), Code::kResourceExhausted);
}

TEST_F(ServerTest, QuotaRaisesTheAlarm) {
  server_.reset();
  auto server = Server::Start(
      env_, {.data_dir = dir_ / "small", .listen_client_urls = "http://127.0.0.1:0", .quota_bytes = 4000});
  ASSERT_TRUE(server.ok());
  client_ = *client::EtcdClient::Create(env_, {.endpoints = {(*server)->ClientAddress()}});
  ASSERT_TRUE(Put("a", std::string(3000, 'x')).ok());
  EXPECT_EQ(Put("b", std::string(3000, 'x')).status(), ErrorNoSpace());
  EXPECT_EQ(Put("c", "small").status(), ErrorNoSpace()) << "the alarm stays until it is disarmed";
  EXPECT_TRUE((*server)->member().store().HasAlarm(AlarmType::kNoSpace));
  EXPECT_EQ(Get("a")->count, 1);
}

TEST_F(ServerTest, StartErrorsAreClear) {
  const auto error = [&](ServerOptions options) { return Server::Start(env_, options).status(); };
  EXPECT_EQ(error({.listen_client_urls = "ftp://x:1"}).message(),
            "--listen-client-urls: URL scheme must be http or https: ftp://x:1");
  EXPECT_EQ(error({.name = "x", .initial_cluster = "y=http://127.0.0.1:1"}).message(),
            "couldn't find local name \"x\" in the initial cluster configuration");
  *Put("a", "1");
  EXPECT_EQ(error({.data_dir = dir_ / "other", .listen_client_urls = "http://" + server_->ClientAddress()}).code(),
            Code::kUnavailable);
  server_.reset();
  EXPECT_EQ(error({.data_dir = dir_ / "data", .initial_cluster_token = "another"}).code(), Code::kFailedPrecondition);
}

}  // namespace
}  // namespace kp::store
