// Reads a bbolt file that is in memory, ours or bbolt's own, and believes nothing of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "reference/base/status.h"

namespace kp::store {

class BoltReader {
 public:
  // `file` must outlive it. kDataLoss "bolt: ..." when no meta page is valid.
  static Result<BoltReader> Open(std::string_view file);

  using Visit = std::function<Status(std::string_view key, std::string_view value)>;
  // Every pair of a bucket, in the order of the keys; nothing when there is no such bucket. kDataLoss names the
  // page that makes no sense; an error of `visit` ends it.
  Status ForEach(std::string_view bucket, const Visit& visit) const;

 private:
  struct Page {
    uint16_t flags = 0;
    uint16_t count = 0;
    std::string_view bytes;  // header and overflow included
  };
  using VisitElement = std::function<Status(uint32_t flags, std::string_view key, std::string_view value)>;

  explicit BoltReader(std::string_view file) : file_(file) {}
  Result<Page> PageAt(uint64_t id) const;
  Status Walk(uint64_t id, int depth, uint64_t& budget, const VisitElement& visit) const;
  Status WalkPage(const Page& page, uint64_t id, int depth, uint64_t& budget, const VisitElement& visit) const;

  std::string_view file_;
  size_t page_size_ = 0;
  uint64_t root_ = 0;
  uint64_t pages_ = 0;
};

}  // namespace kp::store
