#include "reference/store/bolt_reader.h"

#include <optional>

#include "reference/store/bolt_format.h"

namespace kp::store {
namespace {

using bolt::Get;

// bbolt's trees of any size are less deep.
constexpr int kMaxDepth = 24;

Status Damaged(const std::string& what) { return {Code::kDataLoss, "bolt: " + what}; }
Status DamagedPage(uint64_t id, const std::string& what) { return Damaged("page " + std::to_string(id) + ": " + what); }

struct Meta {
  uint32_t page_size = 0;
  uint64_t root = 0;
  uint64_t pages = 0;
  uint64_t transaction = 0;
};

std::optional<Meta> MetaAt(std::string_view file, size_t offset) {
  if (file.size() < offset + bolt::kPageHeader + bolt::kMetaChecksummed + 8) return std::nullopt;
  const std::string_view meta = file.substr(offset + bolt::kPageHeader, bolt::kMetaChecksummed + 8);
  if (Get<uint32_t>(meta, 0) != bolt::kMagic || Get<uint32_t>(meta, 4) != bolt::kVersion) return std::nullopt;
  if (Get<uint64_t>(meta, bolt::kMetaChecksummed) != bolt::Fnv1a(meta.substr(0, bolt::kMetaChecksummed))) {
    return std::nullopt;
  }
  return Meta{Get<uint32_t>(meta, 8), Get<uint64_t>(meta, 16), Get<uint64_t>(meta, 40), Get<uint64_t>(meta, 48)};
}

}  // namespace

Result<BoltReader> BoltReader::Open(std::string_view file) {
  const std::optional<Meta> first = MetaAt(file, 0);
  std::optional<Meta> meta = first;
  // The second is a page further, whatever that is; page sizes are powers of two.
  for (size_t size = 1024; size <= 65536; size *= 2) {
    const std::optional<Meta> second = MetaAt(file, size);
    if (!second || second->page_size != size) continue;
    if (!meta || second->transaction > meta->transaction) meta = second;
  }
  if (!meta) return Damaged("no valid meta page: not a bbolt file");
  if (meta->page_size < 1024 || meta->page_size > 65536 || (meta->page_size & (meta->page_size - 1)) != 0) {
    return Damaged("a page size of " + std::to_string(meta->page_size));
  }
  BoltReader reader(file);
  reader.page_size_ = meta->page_size;
  reader.root_ = meta->root;
  reader.pages_ = meta->pages;
  return reader;
}

Result<BoltReader::Page> BoltReader::PageAt(uint64_t id) const {
  // Pages 0 and 1 are metas: nothing points to them.
  if (id < 2 || id >= pages_ || id >= file_.size() / page_size_) return DamagedPage(id, "beyond the file");
  const size_t offset = id * page_size_;
  const std::string_view header = file_.substr(offset, bolt::kPageHeader);
  if (Get<uint64_t>(header, 0) != id) return DamagedPage(id, "it says to be another");
  const uint64_t bytes = (uint64_t{Get<uint32_t>(header, 12)} + 1) * page_size_;
  if (bytes > file_.size() - offset) return DamagedPage(id, "it ends beyond the file");
  return Page{Get<uint16_t>(header, 8), Get<uint16_t>(header, 10), file_.substr(offset, bytes)};
}

Status BoltReader::Walk(uint64_t id, int depth, uint64_t& budget, const VisitElement& visit) const {
  // Every page belongs to one place of one tree, so more pages than there are is a circle.
  if (depth > kMaxDepth || budget == 0) return DamagedPage(id, "the tree runs in circles");
  --budget;
  const Result<Page> page = PageAt(id);
  if (!page.ok()) return page.error();
  return WalkPage(*page, id, depth, budget, visit);
}

Status BoltReader::WalkPage(const Page& page, uint64_t id, int depth, uint64_t& budget,
                            const VisitElement& visit) const {
  const bool leaf = page.flags == bolt::kLeafPage;
  if (!leaf && page.flags != bolt::kBranchPage) return DamagedPage(id, "neither branch nor leaf");
  if (page.bytes.size() < bolt::kPageHeader + page.count * bolt::kElement) return DamagedPage(id, "too many elements");
  for (size_t i = 0; i < page.count; ++i) {
    const size_t at = bolt::kPageHeader + i * bolt::kElement;
    if (!leaf) {
      if (Status status = Walk(Get<uint64_t>(page.bytes, at + 8), depth + 1, budget, visit); !status.ok()) {
        return status;
      }
      continue;
    }
    const uint64_t key_at = at + Get<uint32_t>(page.bytes, at + 4);
    const uint64_t key_size = Get<uint32_t>(page.bytes, at + 8);
    const uint64_t value_size = Get<uint32_t>(page.bytes, at + 12);
    if (key_at + key_size + value_size > page.bytes.size()) return DamagedPage(id, "an element beyond its page");
    const Status status = visit(Get<uint32_t>(page.bytes, at), page.bytes.substr(key_at, key_size),
                                page.bytes.substr(key_at + key_size, value_size));
    if (!status.ok()) return status;
  }
  return {};
}

Status BoltReader::ForEach(std::string_view bucket, const Visit& visit) const {
  std::optional<std::string_view> found;
  uint64_t budget = pages_;
  Status status = Walk(root_, 0, budget, [&](uint32_t flags, std::string_view name, std::string_view value) {
    if (flags == bolt::kBucketElement && name == bucket) found = value;
    return Status();
  });
  if (!status.ok() || !found) return status;
  const VisitElement pair = [&](uint32_t flags, std::string_view key, std::string_view value) {
    return flags == 0 ? visit(key, value) : Damaged("a bucket within " + std::string(bucket));
  };
  if (found->size() < 16) return Damaged("bucket " + std::string(bucket) + " is cut off");
  const uint64_t root = Get<uint64_t>(*found, 0);
  if (root != 0) return Walk(root, 0, budget, pair);
  if (found->size() < 16 + bolt::kPageHeader) return Damaged("bucket " + std::string(bucket) + " is cut off");
  const std::string_view page = found->substr(16);
  return WalkPage({Get<uint16_t>(page, 8), Get<uint16_t>(page, 10), page}, 0, 0, budget, pair);
}

}  // namespace kp::store
