#include "bindings/cli/store_load.h"

#include <algorithm>
#include <cstdio>

#include "bindings/cli/bench.h"
#include "reference/base/random.h"
#include "reference/store/etcd.pb.h"
#include "reference/transport/grpc.h"

namespace kp::cli {
namespace {

using Channels = std::vector<std::unique_ptr<transport::GrpcChannel>>;

Result<Channels> Connect(runtime::Env& env, const std::vector<std::string>& endpoints, int connections) {
  Channels channels;
  for (int i = 0; i < connections; ++i) {
    auto channel = transport::GrpcChannel::Create(
        env, {.http = {.endpoints = {endpoints[static_cast<size_t>(i) % endpoints.size()]}, .tls = {}}});
    if (!channel.ok()) return channel.status();
    channels.push_back(std::move(*channel));
  }
  return channels;
}

void AppendField(std::string& out, char tag, std::string_view bytes) {
  out.push_back(tag);
  for (size_t left = bytes.size();; left >>= 7) {
    out.push_back(static_cast<char>(left < 0x80 ? left : (left & 0x7f) | 0x80));
    if (left < 0x80) break;
  }
  out.append(bytes);
}

class Load {
 public:
  Load(runtime::posix::PosixEnv& env, const LoadOptions& options, Channels channels)
      : env_(env), options_(options), channels_(std::move(channels)) {
    Random random(42);
    pool_.reserve(1 << 20);
    while (pool_.size() < (1 << 20)) pool_.push_back(static_cast<char>(random.Next()));
    latencies_.reserve(static_cast<size_t>(options.operations));
  }

  Result<LoadResult> Run() {
    const Time begin = env_.Now();
    const double cpu = CpuSeconds();
    for (int i = 0; i < options_.clients; ++i) Next(static_cast<size_t>(i));
    const Status pumped =
        env_.RunUntil([this] { return done_ == options_.operations || !failure_.ok(); }, options_.budget);
    if (!failure_.ok()) return failure_;
    if (!pumped.ok()) return pumped;
    LoadResult result{done_, Seconds(env_.Now() - begin), CpuSeconds() - cpu, std::move(latencies_)};
    std::ranges::sort(result.latencies_ms);
    return result;
  }

 private:
  void Next(size_t client) {
    if (issued_ == options_.operations) return;
    const int64_t number = issued_++;
    const Time sent = env_.Now();
    const bool put = options_.kind == LoadOptions::Kind::kPut;
    channels_[client % channels_.size()]->Unary(
        put ? "/etcdserverpb.KV/Put" : "/etcdserverpb.KV/Range", put ? Put(number) : Get(number), {}, Duration::zero(),
        [this, client, sent](const Result<std::string>& reply) {
          if (!reply.ok()) failure_ = reply.status();
          latencies_.push_back(static_cast<float>(Seconds(env_.Now() - sent) * 1e3));
          ++done_;
          Next(client);
        });
  }

  std::string Put(int64_t number) const {
    const size_t at = static_cast<size_t>(number) * 61 % (pool_.size() - options_.value_bytes);
    return PutBytes(LoadKey(KeyOf(number)), std::string_view(pool_).substr(at, options_.value_bytes));
  }
  std::string Get(int64_t number) const {
    std::string request;
    AppendField(request, 10, LoadKey(KeyOf(number)));
    return request;
  }
  // Every key as often as any other, and not in order.
  int64_t KeyOf(int64_t number) const { return number * 7919 % options_.keys; }

  runtime::posix::PosixEnv& env_;
  const LoadOptions& options_;
  std::string pool_;
  int64_t issued_ = 0;
  int64_t done_ = 0;
  Status failure_;
  std::vector<float> latencies_;
  Channels channels_;  // goes first: its calls end
};

// Counts what one stream of watchers gets.
class WatchCounter : public transport::GrpcClientStreamHandler {
 public:
  void OnMessage(std::string_view bytes) override {
    etcdserverpb::WatchResponse reply;
    if (!reply.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || reply.canceled()) ended = true;
    created += reply.created() ? 1 : 0;
    events += reply.events_size();
  }
  void OnEnd(const Status&) override { ended = true; }
  int created = 0;
  int64_t events = 0;
  bool ended = false;
};

}  // namespace

std::string LoadKey(int64_t number) {
  char key[24];
  std::snprintf(key, sizeof key, "k%07lld", static_cast<long long>(number));
  return key;
}

std::string PutBytes(std::string_view key, std::string_view value) {
  std::string request;
  request.reserve(key.size() + value.size() + 8);
  AppendField(request, 10, key);
  AppendField(request, 18, value);
  return request;
}

double LoadResult::Percentile(double percent) const {
  if (latencies_ms.empty()) return 0;
  const auto at = static_cast<size_t>(percent / 100 * static_cast<double>(latencies_ms.size()));
  return latencies_ms[std::min(at, latencies_ms.size() - 1)];
}

Result<LoadResult> RunLoad(runtime::posix::PosixEnv& env, const LoadOptions& options) {
  auto channels = Connect(env, options.endpoints, options.connections);
  if (!channels.ok()) return channels.status();
  return Load(env, options, std::move(*channels)).Run();
}

Result<FanOutResult> RunFanOut(runtime::posix::PosixEnv& env, const FanOutOptions& options,
                               const std::function<void()>& before) {
  auto channels = Connect(env, {options.endpoint}, options.connections + 1);
  if (!channels.ok()) return channels.status();
  std::vector<WatchCounter> counters(static_cast<size_t>(options.connections));
  std::vector<std::unique_ptr<transport::GrpcClientStream>> streams;
  for (size_t i = 0; i < counters.size(); ++i) {
    streams.push_back((*channels)[i]->OpenStream("/etcdserverpb.Watch/Watch", {}, &counters[i]));
  }
  for (int i = 0; i < options.watchers; ++i) {
    etcdserverpb::WatchRequest request;
    request.mutable_create_request()->set_key("fan/");
    request.mutable_create_request()->set_range_end("fan0");
    streams[static_cast<size_t>(i) % streams.size()]->Send(request.SerializeAsString());
  }
  const auto total = [&](auto member) {
    int64_t sum = 0;
    for (const WatchCounter& counter : counters) sum += counter.*member;
    return sum;
  };
  if (!env.RunUntil([&] { return total(&WatchCounter::created) == options.watchers; }, 60s).ok()) {
    return Status(Code::kDeadlineExceeded, "the watchers were not created");
  }
  before();
  const Time begin = env.Now();
  const std::string value(256, 'v');
  for (int64_t put = 1; put <= options.puts; ++put) {
    auto answer = std::make_shared<std::optional<Status>>();
    channels->back()->Unary("/etcdserverpb.KV/Put", PutBytes("fan/" + std::to_string(put), value), {}, 10s,
                            [answer](const Result<std::string>& reply) { *answer = reply.status(); });
    const int64_t wanted = put * options.watchers;
    // Events of one put before the next one: nothing is merged, as when writes are rare.
    const Status pumped =
        env.RunUntil([&] { return answer->has_value() && total(&WatchCounter::events) >= wanted; }, 60s);
    if (!pumped.ok()) return pumped;
    if (!(*answer)->ok()) return **answer;
  }
  return FanOutResult{Seconds(env.Now() - begin), total(&WatchCounter::events)};
}

}  // namespace kp::cli
