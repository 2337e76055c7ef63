#include "reference/apiserver/watch_stream.h"

#include <algorithm>

#include "reference/api/api_status.h"
#include "reference/apiserver/encode.h"
#include "reference/apiserver/stored_object.h"
#include "reference/base/mutant.h"

namespace kp::apiserver {

using api::Value;

namespace {

// A connection with more than this waiting gets nothing new.
constexpr size_t kHighWater = 1024 * 1024;
constexpr Duration kDrainCheck = 10ms;
// Upstream's interval; watch requests without timeout live 30 to 60 minutes.
constexpr Duration kBookmarkInterval = 60s;

}  // namespace

WatchStream::WatchStream(runtime::Env& env, WatchCache& cache, WatchRequest request,
                         std::shared_ptr<transport::HttpResponder> responder, runtime::Task on_end)
    : env_(env),
      cache_(cache),
      request_(std::move(request)),
      responder_(std::move(responder)),
      on_end_(std::move(on_end)),
      cursor_(request_.revision),
      pump_timer_(env),
      bookmark_timer_(env),
      timeout_timer_(env) {}

WatchStream::~WatchStream() { cache_.Unsubscribe(this); }

void WatchStream::Start() {
  responder_->OnClosed(alive_.Wrap([this] { End(); }));
  responder_->Start(200, {{"content-type", request_.form.ContentType()}, {"cache-control", "no-cache, private"}});
  if (!cache_.CanResume(request_.revision)) {
    if (!KP_MUTANT("watch-ends-without-a-word"))
      Send("ERROR", api::ApiStatus::TooOldResourceVersion(request_.revision, cache_.revision()).ToValue());
    return End();
  }
  cache_.Subscribe(this);
  if (!KP_MUTANT("apiserver-watch-never-ends")) timeout_timer_.Start(request_.timeout, [this] { End(); });
  if (request_.bookmarks) bookmark_timer_.Start(kBookmarkInterval, [this] { OnBookmarkDue(); });
  Pump();
}

bool WatchStream::Full() const { return responder_->BufferedBytes() > kHighWater; }

void WatchStream::Pump() {
  if (ended_) return;
  if (SendInitial() && CatchUp()) {
    live_ = true;
  } else if (!ended_) {
    pump_timer_.Start(kDrainCheck, [this] { Pump(); });
  }
}

bool WatchStream::SendInitial() {
  while (initial_sent_ < request_.initial.size()) {
    if (Full()) return false;
    const Value& object = request_.initial[initial_sent_++];
    Send("ADDED", Shaped(*request_.selection.kind, request_.form, object, env_.Wall(), !columns_sent_));
    columns_sent_ = true;
  }
  request_.initial.clear();
  initial_sent_ = 0;
  if (std::exchange(request_.mark_initial_end, false) && !KP_MUTANT("apiserver-no-initial-bookmark"))
    SendBookmark(request_.revision, true);
  return true;
}

bool WatchStream::CatchUp() {
  const std::optional<std::vector<SharedEvent>> changes = cache_.ChangesAfter(cursor_);
  if (!changes) {
    End();
    return false;
  }
  for (const SharedEvent& event : *changes) {
    // Never stops within a revision: it goes on after whole ones.
    if (event->revision > cursor_ && Full()) return false;
    SendChange(*event);
  }
  return true;
}

void WatchStream::OnChange(const SharedEvent& event) {
  if (!live_ || ended_ || event->revision <= request_.revision) return;
  if (event->revision > cursor_ && Full()) {
    live_ = false;
    pump_timer_.Start(kDrainCheck, [this] { Pump(); });
    return;
  }
  SendChange(*event);
}

void WatchStream::SendChange(const CacheEvent& event) {
  cursor_ = event.revision;
  const Selection& selection = request_.selection;
  if (!selection.ns.empty() && !event.key.starts_with(selection.KeyPrefix())) return;
  const bool before = event.type != ChangeType::kAdded && selection.Matches(event.previous);
  const bool now = event.type != ChangeType::kDeleted && selection.Matches(event.object);
  if (now) return SendShared(event, before ? "MODIFIED" : "ADDED", event.object);
  if (!before || KP_MUTANT("apiserver-watch-hides-leavers")) return;
  // An object that left the selection is shown as it was when it belonged to it.
  SendShared(event, "DELETED",
             event.type == ChangeType::kDeleted ? event.object : WithResourceVersion(event.previous, event.revision));
}

void WatchStream::SendShared(const CacheEvent& event, std::string_view type, const Value& object) {
  const std::string key = request_.form.Key() + type[0] + (columns_sent_ ? "" : "c");
  transport::SharedBytes& bytes = event.encoded[key];
  if (!bytes) {
    const Value shaped = Shaped(*request_.selection.kind, request_.form, object, env_.Wall(), !columns_sent_);
    bytes = std::make_shared<const std::string>(EncodeEvent(request_.form.syntax, type, shaped));
  }
  columns_sent_ = true;
  responder_->Write(bytes);
  if (KP_MUTANT("apiserver-watch-repeats-events")) responder_->Write(bytes);
}

void WatchStream::Send(std::string_view type, const Value& object) {
  responder_->Write(std::make_shared<const std::string>(EncodeEvent(request_.form.syntax, type, object)));
}

void WatchStream::SendBookmark(int64_t revision, bool initial_end) {
  if (KP_MUTANT("apiserver-bookmark-ahead")) revision += 1000;
  const api::Kind& kind = *request_.selection.kind;
  Value meta = api::Obj({{"resourceVersion", std::to_string(revision)}});
  if (initial_end) meta = meta.With({"annotations", "k8s.io/initial-events-end"}, "true");
  const Value object =
      api::Obj({{"apiVersion", kind.api_version()}, {"kind", kind.gvk.kind}, {"metadata", std::move(meta)}});
  Send("BOOKMARK", request_.form.shape == Shape::kObject
                       ? object
                       : Shaped(kind, request_.form, object, env_.Wall(), !columns_sent_));
}

void WatchStream::OnBookmarkDue() {
  bookmark_timer_.Start(kBookmarkInterval, [this] { OnBookmarkDue(); });
  if (!live_ || Full()) return;
  // What came before its start the client knows.
  cursor_ = std::max(cache_.told(), request_.revision);
  SendBookmark(cursor_, false);
}

void WatchStream::OnLost() { End(); }

void WatchStream::End() {
  if (std::exchange(ended_, true)) return;
  cache_.Unsubscribe(this);
  pump_timer_.Stop();
  bookmark_timer_.Stop();
  timeout_timer_.Stop();
  responder_->End();
  // Callers up the stack may still hold this stream.
  env_.Post(on_end_);
}

}  // namespace kp::apiserver
