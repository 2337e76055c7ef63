// A bbolt file, made from front to back without having it in memory: the layout is worked out first, then page
// after page is written.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kp::store {

// The pairs of a bucket, ascending by key, keys not empty. Asked for sizes while the layout is made, for the
// bytes when their page is written: it must not change.
class BoltSource {
 public:
  virtual ~BoltSource() = default;
  virtual size_t size() const = 0;
  virtual size_t KeySize(size_t i) const = 0;
  virtual size_t ValueSize(size_t i) const = 0;
  virtual std::string Key(size_t i) const = 0;
  virtual std::string Value(size_t i) const = 0;
};

// Few pairs, held in memory.
std::unique_ptr<BoltSource> BoltPairs(std::vector<std::pair<std::string, std::string>> pairs);

class BoltWriter {
 public:
  struct Bucket {
    std::string name;
    std::unique_ptr<BoltSource> pairs;
  };
  // Buckets ascend by name.
  explicit BoltWriter(std::vector<Bucket> buckets);

  uint64_t file_bytes() const;
  // The next pages of the file; "" at its end.
  std::string Next();

 private:
  // Elements first .. first + count - 1 of a level: pairs of a leaf, or runs of the level below.
  struct Run {
    uint64_t page = 0;
    uint32_t overflow = 0;
    uint32_t count = 0;
    size_t first = 0;
  };
  struct Tree {
    std::vector<std::vector<Run>> levels;  // leaves first, one root last
    uint64_t root() const { return levels.back().front().page; }
  };

  Tree LayOut(const BoltSource& source);
  uint64_t Take(Run& run, size_t bytes);
  static size_t FirstPair(const Tree& tree, size_t level, size_t run);
  std::string Front() const;
  std::string Leaf(const BoltSource& source, const Run& run) const;
  std::string Branch(const BoltSource& source, const Tree& tree, size_t level, const Run& run) const;

  std::vector<Bucket> buckets_;
  std::vector<Tree> trees_;
  uint64_t pages_ = 0;
  // Where Next is: `bucket_` buckets are done.
  bool began_ = false;
  size_t bucket_ = 0;
  size_t level_ = 0;
  size_t run_ = 0;
};

}  // namespace kp::store
