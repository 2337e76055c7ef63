// One watch of one client: what it is sent of the changes of a cache, as fast as it takes them.
//
// A slow client is not buffered for: it falls behind, reads on from the cache's history when its
// connection has drained, and is cut when the history no longer reaches back far enough.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reference/apiserver/media.h"
#include "reference/apiserver/selection.h"
#include "reference/apiserver/watch_cache.h"
#include "reference/runtime/env.h"
#include "reference/transport/http.h"

namespace kp::apiserver {

struct WatchRequest {
  Selection selection;
  MediaForm form;
  int64_t revision = 0;  // changes after it follow
  // What stood at `revision`: sent as ADDED first.
  std::vector<api::Value> initial;
  bool bookmarks = false;
  bool mark_initial_end = false;  // sendInitialEvents: a bookmark ends `initial`
  Duration timeout = 30min;
};

class WatchStream : public CacheWatcher {
 public:
  // `on_end` may destroy the stream.
  WatchStream(runtime::Env& env, WatchCache& cache, WatchRequest request,
              std::shared_ptr<transport::HttpResponder> responder, runtime::Task on_end);
  ~WatchStream() override;

  void Start();
  void OnChange(const SharedEvent& event) override;
  void OnLost() override;

 private:
  void Pump();
  bool SendInitial();
  bool CatchUp();
  void SendChange(const CacheEvent& event);
  void SendShared(const CacheEvent& event, std::string_view type, const api::Value& object);
  void Send(std::string_view type, const api::Value& object);
  void SendBookmark(int64_t revision, bool initial_end);
  void OnBookmarkDue();
  bool Full() const;
  void End();

  runtime::Env& env_;
  WatchCache& cache_;
  WatchRequest request_;
  std::shared_ptr<transport::HttpResponder> responder_;
  runtime::Task on_end_;
  size_t initial_sent_ = 0;
  bool live_ = false;   // follows OnChange; else Pump is due
  int64_t cursor_ = 0;  // all changes up to it were sent
  bool columns_sent_ = false;
  bool ended_ = false;
  runtime::Timer pump_timer_;
  runtime::Timer bookmark_timer_;
  runtime::Timer timeout_timer_;
  Alive alive_;
};

}  // namespace kp::apiserver
