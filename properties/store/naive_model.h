// What an etcd store holds, said in the plainest way: a whole copy of the world for every revision.
// The model that Mvcc is measured against; slow, and too simple to be wrong in the same way.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reference/store/requests.h"

namespace kp::properties {

class NaiveStore {
 public:
  using World = std::map<std::string, store::KeyValue>;
  struct Change {
    store::Revision revision = 0;
    std::string key;
    bool is_delete = false;
  };

  void Put(const std::string& key, const std::string& value, store::LeaseId lease);
  int64_t DeleteRange(const store::KeyRange& range);
  // Puts and deletes of one revision.
  void Txn(const std::vector<std::pair<std::string, std::string>>& puts, const std::vector<store::KeyRange>& deletes);
  void Revoke(store::LeaseId lease);
  void Compact(store::Revision revision) { compacted_ = revision; }

  store::Revision revision() const { return static_cast<store::Revision>(worlds_.size()); }
  store::Revision compacted() const { return compacted_; }
  // `revision` from 1 on.
  const World& At(store::Revision revision) const { return worlds_[static_cast<size_t>(revision) - 1]; }
  const World& Latest() const { return worlds_.back(); }
  // Of revisions >= `from`, in the order in which they happened.
  std::vector<Change> ChangesFrom(store::Revision from) const;

 private:
  void SetIn(World& world, const std::string& key, const std::string& value, store::LeaseId lease);
  int64_t EraseIn(World& world, const store::KeyRange& range);

  std::vector<World> worlds_{World()};  // worlds_[i] is the world at revision i + 1
  std::vector<Change> changes_;
  store::Revision compacted_ = -1;
};

}  // namespace kp::properties
