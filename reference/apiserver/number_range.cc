#include "reference/apiserver/number_range.h"

#include "reference/api/json.h"
#include "reference/api/value.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::Value;

namespace {

constexpr int kMaxAttempts = 50;
constexpr int kReleaseAttempts = 5;
constexpr Duration kReleaseRetry = 200ms;

}  // namespace

NumberRange::NumberRange(runtime::Env& env, client::EtcdClient& store, NumberRangeOptions options)
    : env_(env), store_(store), options_(std::move(options)), random_(env.random().Fork(options_.key)) {}

void NumberRange::Allocate(std::optional<uint32_t> wanted, Completion<Result<uint32_t>> done) {
  Enqueue({.wanted = wanted, .done = std::move(done)});
}

void NumberRange::Release(uint32_t number) {
  if (options_.taken.contains(number)) return;
  Enqueue({.release = true, .wanted = number, .done = [](const Result<uint32_t>&) {}});
}

void NumberRange::Enqueue(Work work) {
  queue_.push_back(std::move(work));
  env_.Post(alive_.Wrap([this] { Next(); }));
}

// One at a time: two writes from here would only overtake each other.
void NumberRange::Next() {
  if (busy_ || queue_.empty()) return;
  busy_ = true;
  if (revision_ < 0)
    Read();
  else
    Decide();
}

void NumberRange::Read() {
  store_.Range({.key = options_.key}, alive_.Wrap([this](Result<client::EtcdRangeResult> read) {
    if (!read.ok()) return Finish(read.status());
    Adopt(read->kvs.empty() ? std::nullopt : std::optional(read->kvs[0]));
    Decide();
  }));
}

void NumberRange::Adopt(const std::optional<client::EtcdKeyValue>& kv) {
  allocated_.clear();
  revision_ = kv ? kv->mod_revision : 0;
  if (!kv) return;
  const Result<Value> stored = api::ParseJson(kv->value);
  if (!stored.ok()) return;
  for (const Value& number : (*stored)["allocated"].items()) allocated_.insert(static_cast<uint32_t>(number.AsInt()));
}

std::string NumberRange::Encode(const std::set<uint32_t>& numbers) const {
  std::vector<Value> list;
  for (uint32_t number : numbers) list.emplace_back(static_cast<int64_t>(number));
  return api::ToJson(
      api::Obj({{"apiVersion", "v1"}, {"kind", "RangeAllocation"}, {"allocated", Value::Array(std::move(list))}}));
}

std::optional<uint32_t> NumberRange::PickFree() {
  const auto free_from = [&](uint32_t first, uint32_t last) -> std::optional<uint32_t> {
    if (first > last) return std::nullopt;
    // A random start, then the next free one: names no order and finds the last.
    const uint32_t count = last - first + 1;
    const auto start = static_cast<uint32_t>(random_.Below(count));
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t number = first + (start + i) % count;
      if (KP_MUTANT("range-picks-the-first")) return last;
      if (!allocated_.contains(number) && !options_.taken.contains(number)) return number;
    }
    return std::nullopt;
  };
  const std::optional<uint32_t> upper = free_from(options_.first + options_.kept_for_requests, options_.last);
  return upper ? upper : free_from(options_.first, options_.last);
}

void NumberRange::Decide() {
  const Work& work = queue_.front();
  if (work.release) {
    if (!allocated_.contains(*work.wanted)) return Finish(*work.wanted);
    return Write(*work.wanted);
  }
  if (work.wanted) {
    const uint32_t number = *work.wanted;
    if ((number < options_.first || number > options_.last) && !KP_MUTANT("range-has-no-bounds")) {
      return Finish(Status(Code::kOutOfRange, "not in the valid range"));
    }
    if ((allocated_.contains(number) || options_.taken.contains(number)) && !KP_MUTANT("range-hands-out-twice")) {
      return Finish(Status(Code::kAlreadyExists, "provided value is already allocated"));
    }
    return Write(number);
  }
  const std::optional<uint32_t> picked = PickFree();
  if (!picked) return Finish(Status(Code::kResourceExhausted, "range is full"));
  Write(*picked);
}

void NumberRange::Write(uint32_t number) {
  Work& work = queue_.front();
  if (++work.attempts > kMaxAttempts) return Finish(Status(Code::kAborted, options_.key + " changes too often"));
  std::set<uint32_t> next = allocated_;
  if (work.release)
    next.erase(number);
  else
    next.insert(number);
  store_.Write({.key = options_.key, .expected_revision = revision_, .value = Encode(next)},
               alive_.Wrap([this, number, next](Result<client::EtcdWriteResult> result) {
                 if (!result.ok()) return Finish(result.status());
                 if (!result->succeeded) {
                   Adopt(result->current);
                   return Decide();
                 }
                 allocated_ = next;
                 revision_ = result->revision;
                 Finish(number);
               }));
}

void NumberRange::Finish(Result<uint32_t> result) {
  Work work = std::move(queue_.front());
  queue_.pop_front();
  busy_ = false;
  const bool store_failed =
      result.status().code() == Code::kUnavailable || result.status().code() == Code::kDeadlineExceeded;
  // What the store holds now is unknown.
  if (store_failed) revision_ = -1;
  if (work.release && store_failed && work.attempts < kReleaseAttempts) {
    ++work.attempts;
    env_.After(kReleaseRetry, alive_.Wrap([this, work = std::move(work)] { Enqueue(work); }));
  } else {
    work.done(std::move(result));
  }
  env_.Post(alive_.Wrap([this] { Next(); }));
}

}  // namespace kp::apiserver
