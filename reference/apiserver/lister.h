// Carries out a list: from the cache where the options allow it, else by quorum reads, page by page.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/api/api_status.h"
#include "reference/apiserver/list_options.h"
#include "reference/apiserver/selection.h"
#include "reference/apiserver/storage.h"

namespace kp::apiserver {

struct ListPage {
  int64_t revision = 0;
  std::vector<api::Value> items;
  std::string continue_token;
  std::optional<int64_t> remaining;  // exact, and known only without selectors
};

class Lister {
 public:
  explicit Lister(Storage& storage) : storage_(storage) {}

  void List(const Selection& selection, const ListOptions& options, Completion<api::ApiResult<ListPage>> done);

 private:
  struct Work;
  bool FromCache(const Selection& selection, const ListOptions& options, ListPage& page) const;
  void ReadMore(const std::shared_ptr<Work>& work);
  void OnRead(const std::shared_ptr<Work>& work, const client::EtcdRangeResult& read);

  Storage& storage_;
  Alive alive_;
};

}  // namespace kp::apiserver
