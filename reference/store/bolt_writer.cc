#include "reference/store/bolt_writer.h"

#include "reference/base/check.h"
#include "reference/store/bolt_format.h"

namespace kp::store {
namespace {

using bolt::Put;

// Metas, freelist and the root bucket's leaf.
constexpr uint64_t kFrontPages = 4;
constexpr uint64_t kFreelist = 2;
constexpr uint64_t kRootLeaf = 3;
constexpr size_t kMaxElements = 0xffff;

class Pairs final : public BoltSource {
 public:
  explicit Pairs(std::vector<std::pair<std::string, std::string>> pairs) : pairs_(std::move(pairs)) {}
  size_t size() const override { return pairs_.size(); }
  size_t KeySize(size_t i) const override { return pairs_[i].first.size(); }
  size_t ValueSize(size_t i) const override { return pairs_[i].second.size(); }
  std::string Key(size_t i) const override { return pairs_[i].first; }
  std::string Value(size_t i) const override { return pairs_[i].second; }

 private:
  const std::vector<std::pair<std::string, std::string>> pairs_;
};

std::string Header(uint64_t id, uint16_t flags, size_t count, uint32_t overflow) {
  std::string out;
  Put<uint64_t>(out, id);
  Put<uint16_t>(out, flags);
  Put<uint16_t>(out, static_cast<uint16_t>(count));
  Put<uint32_t>(out, overflow);
  return out;
}

void Pad(std::string& page, uint32_t overflow) {
  CHECK(page.size() <= (overflow + 1) * bolt::kPageSize) << "a page of " << page.size() << " bytes";
  page.resize((overflow + 1) * bolt::kPageSize, '\0');
}

std::string Meta(uint64_t id, uint64_t pages) {
  std::string page = Header(id, bolt::kMetaPage, 0, 0);
  std::string meta;
  Put<uint32_t>(meta, bolt::kMagic);
  Put<uint32_t>(meta, bolt::kVersion);
  Put<uint32_t>(meta, bolt::kPageSize);
  Put<uint32_t>(meta, 0);
  Put<uint64_t>(meta, kRootLeaf);
  Put<uint64_t>(meta, 0);
  Put<uint64_t>(meta, kFreelist);
  Put<uint64_t>(meta, pages);
  Put<uint64_t>(meta, id);  // the transaction: the second meta is the newer one
  Put<uint64_t>(meta, bolt::Fnv1a(meta));
  page += meta;
  Pad(page, 0);
  return page;
}

// Elements and, behind all of them, what they point to.
class LeafBuilder {
 public:
  explicit LeafBuilder(size_t count) : data_at_(count * bolt::kElement) {}
  void Add(uint32_t flags, const std::string& key, const std::string& value) {
    Put<uint32_t>(elements_, flags);
    // From this element, whose flags are already there.
    Put<uint32_t>(elements_, static_cast<uint32_t>(data_at_ + data_.size() - (elements_.size() - 4)));
    Put<uint32_t>(elements_, static_cast<uint32_t>(key.size()));
    Put<uint32_t>(elements_, static_cast<uint32_t>(value.size()));
    data_ += key;
    data_ += value;
  }
  std::string Take() { return std::move(elements_) + data_; }

 private:
  const size_t data_at_;
  std::string elements_;
  std::string data_;
};

}  // namespace

std::unique_ptr<BoltSource> BoltPairs(std::vector<std::pair<std::string, std::string>> pairs) {
  return std::make_unique<Pairs>(std::move(pairs));
}

BoltWriter::BoltWriter(std::vector<Bucket> buckets) : buckets_(std::move(buckets)), pages_(kFrontPages) {
  for (const Bucket& bucket : buckets_) trees_.push_back(LayOut(*bucket.pairs));
}

uint64_t BoltWriter::file_bytes() const { return pages_ * bolt::kPageSize; }

// Gives the run its place.
uint64_t BoltWriter::Take(Run& run, size_t bytes) {
  run.page = pages_;
  run.overflow = bytes <= bolt::kPageSize ? 0 : static_cast<uint32_t>((bytes - 1) / bolt::kPageSize);
  pages_ += run.overflow + 1;
  return run.page;
}

BoltWriter::Tree BoltWriter::LayOut(const BoltSource& source) {
  Tree tree;
  // Fills a page as long as the next element fits; one that is too large for any gets pages of its own.
  const auto fill = [this](size_t count, const auto& size_of) {
    std::vector<Run> runs;
    Run run;
    size_t bytes = bolt::kPageHeader;
    for (size_t i = 0; i < count; ++i) {
      const size_t more = bolt::kElement + size_of(i);
      if (run.count > 0 && (bytes + more > bolt::kPageSize || run.count == kMaxElements)) {
        Take(run, bytes);
        runs.push_back(run);
        run = {.first = i};
        bytes = bolt::kPageHeader;
      }
      ++run.count;
      bytes += more;
    }
    Take(run, bytes);
    runs.push_back(run);
    return runs;
  };
  tree.levels.push_back(fill(source.size(), [&](size_t i) { return source.KeySize(i) + source.ValueSize(i); }));
  while (tree.levels.back().size() > 1) {
    const size_t below = tree.levels.size() - 1;
    tree.levels.push_back(
        fill(tree.levels[below].size(), [&](size_t i) { return source.KeySize(FirstPair(tree, below, i)); }));
  }
  return tree;
}

size_t BoltWriter::FirstPair(const Tree& tree, size_t level, size_t run) {
  size_t first = tree.levels[level][run].first;
  while (level > 0) first = tree.levels[--level][first].first;
  return first;
}

std::string BoltWriter::Front() const {
  std::string out = Meta(0, pages_) + Meta(1, pages_);
  std::string freelist = Header(kFreelist, bolt::kFreelistPage, 0, 0);
  Pad(freelist, 0);
  out += freelist;
  LeafBuilder root(buckets_.size());
  for (size_t i = 0; i < buckets_.size(); ++i) {
    std::string bucket;
    Put<uint64_t>(bucket, trees_[i].root());
    Put<uint64_t>(bucket, 0);
    root.Add(bolt::kBucketElement, buckets_[i].name, bucket);
  }
  std::string leaf = Header(kRootLeaf, bolt::kLeafPage, buckets_.size(), 0) + root.Take();
  Pad(leaf, 0);
  return out + leaf;
}

std::string BoltWriter::Leaf(const BoltSource& source, const Run& run) const {
  LeafBuilder leaf(run.count);
  for (size_t i = run.first; i < run.first + run.count; ++i) leaf.Add(0, source.Key(i), source.Value(i));
  std::string page = Header(run.page, bolt::kLeafPage, run.count, run.overflow) + leaf.Take();
  Pad(page, run.overflow);
  return page;
}

std::string BoltWriter::Branch(const BoltSource& source, const Tree& tree, size_t level, const Run& run) const {
  std::string elements;
  std::string keys;
  for (size_t i = run.first; i < run.first + run.count; ++i) {
    const std::string key = source.Key(FirstPair(tree, level - 1, i));
    Put<uint32_t>(elements, static_cast<uint32_t>(run.count * bolt::kElement + keys.size() - elements.size()));
    Put<uint32_t>(elements, static_cast<uint32_t>(key.size()));
    Put<uint64_t>(elements, tree.levels[level - 1][i].page);
    keys += key;
  }
  std::string page = Header(run.page, bolt::kBranchPage, run.count, run.overflow) + elements + keys;
  Pad(page, run.overflow);
  return page;
}

std::string BoltWriter::Next() {
  if (!std::exchange(began_, true)) return Front();
  if (bucket_ == buckets_.size()) return "";
  const Tree& tree = trees_[bucket_];
  const BoltSource& source = *buckets_[bucket_].pairs;
  const Run& run = tree.levels[level_][run_];
  std::string page = level_ == 0 ? Leaf(source, run) : Branch(source, tree, level_, run);
  if (++run_ == tree.levels[level_].size()) {
    run_ = 0;
    if (++level_ == tree.levels.size()) {
      level_ = 0;
      ++bucket_;
    }
  }
  return page;
}

}  // namespace kp::store
