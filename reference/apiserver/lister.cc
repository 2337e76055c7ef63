#include "reference/apiserver/lister.h"

#include <algorithm>

#include "reference/apiserver/stored_object.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

// Keys read at a time while a selector leaves few of them over.
constexpr int64_t kMinimalRead = 500;

}  // namespace

struct Lister::Work {
  Selection selection;
  ListOptions options;
  Completion<ApiResult<ListPage>> done;
  std::string prefix;
  std::string key;            // where the next read starts
  int64_t read_revision = 0;  // 0: the current one
  ListPage page;
};

bool Lister::FromCache(const Selection& selection, const ListOptions& options, ListPage& page) const {
  const WatchCache& cache = storage_.Cache(*selection.kind);
  if (options.from || !cache.ready()) return false;
  const bool served =
      options.freshness == Freshness::kAny ||
      (options.freshness == Freshness::kNotOlderThan && options.limit == 0 && cache.revision() >= options.revision);
  if (!served) return false;
  const std::string prefix = selection.KeyPrefix();
  for (auto it = cache.objects().lower_bound(prefix); it != cache.objects().end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    if (selection.Matches(it->second.object)) page.items.push_back(it->second.object);
  }
  page.revision = cache.revision();
  return true;
}

void Lister::List(const Selection& selection, const ListOptions& options, Completion<ApiResult<ListPage>> done) {
  ListPage page;
  if (FromCache(selection, options, page)) return done(std::move(page));
  auto work = std::make_shared<Work>();
  *work = {.selection = selection, .options = options, .done = std::move(done)};
  work->prefix = StoragePrefix(selection.kind->storage);
  work->key = work->prefix + selection.KeyPrefix();
  if (options.from) {
    work->key = std::max(work->key, work->prefix + options.from->start_key);
    if (!KP_MUTANT("apiserver-pages-drift")) work->read_revision = std::max<int64_t>(0, options.from->revision);
  }
  if (options.freshness == Freshness::kMostRecent && !options.from && KP_MUTANT("apiserver-list-is-one-behind"))
    work->read_revision = storage_.Cache(*selection.kind).revision() - 1;
  if (options.freshness == Freshness::kExact && !KP_MUTANT("apiserver-exact-list-is-recent"))
    work->read_revision = options.revision;
  ReadMore(work);
}

void Lister::ReadMore(const std::shared_ptr<Work>& work) {
  client::EtcdRange range{.key = work->key, .range_end = StoragePrefixEnd(work->prefix + work->selection.KeyPrefix())};
  range.revision = work->read_revision;
  if (work->options.limit > 0) {
    range.limit = work->selection.narrowed() ? std::max(work->options.limit, kMinimalRead) : work->options.limit;
  }
  storage_.store().Range(range, alive_.Wrap([this, work](Result<client::EtcdRangeResult> read) {
    if (read.ok()) return OnRead(work, *read);
    if (read.status().code() != Code::kOutOfRange) return work->done(StoreError(read.status()));
    if (read.status().message().find("future") != std::string::npos) {
      return work->done(ApiStatus::TooLargeResourceVersion(work->read_revision, 0));
    }
    if (!work->options.from) {
      return work->done(ApiStatus::Expired("The resourceVersion for the provided list is too old."));
    }
    const ContinueToken inconsistent{-1, work->options.from->start_key};
    work->done(ApiStatus::Expired("The provided continue parameter is too old to display a consistent list result. "
                                  "You can start a new list without the continue parameter, or use the continue token "
                                  "in this response to retrieve the remainder of the results.")
                   .WithContinue(inconsistent.Encode()));
  }));
}

void Lister::OnRead(const std::shared_ptr<Work>& work, const client::EtcdRangeResult& read) {
  ListPage& page = work->page;
  const ListOptions& options = work->options;
  if (options.freshness == Freshness::kNotOlderThan && read.revision < options.revision &&
      !KP_MUTANT("apiserver-future-is-now")) {
    return work->done(ApiStatus::TooLargeResourceVersion(options.revision, read.revision));
  }
  if (page.revision == 0) page.revision = work->read_revision ? work->read_revision : read.revision;
  // All pages show one state of the store.
  if (options.limit > 0 && !KP_MUTANT("apiserver-pages-drift")) work->read_revision = page.revision;
  const WatchCache& cache = storage_.Cache(*work->selection.kind);
  size_t used = 0;
  for (const client::EtcdKeyValue& kv : read.kvs) {
    if (options.limit > 0 && static_cast<int64_t>(page.items.size()) == options.limit) break;
    ++used;
    Result<Value> object = cache.Decode(kv);
    if (!object.ok()) return work->done(StoreError(object.status()));
    if (work->selection.Matches(*object)) page.items.push_back(std::move(*object));
  }
  if (used == read.kvs.size() && !read.more) return work->done(std::move(page));
  const std::string next = read.kvs[used - 1].key + '\0';
  if (static_cast<int64_t>(page.items.size()) < options.limit || options.limit == 0) {
    work->key = next;
    return ReadMore(work);
  }
  page.continue_token = ContinueToken{page.revision, next.substr(work->prefix.size())}.Encode();
  if (!work->selection.narrowed()) page.remaining = read.count - static_cast<int64_t>(used);
  work->done(std::move(page));
}

}  // namespace kp::apiserver
