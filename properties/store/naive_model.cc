#include "properties/store/naive_model.h"

namespace kp::properties {

void NaiveStore::SetIn(World& world, const std::string& key, const std::string& value, store::LeaseId lease) {
  const store::Revision revision = this->revision() + 1;
  store::KeyValue& kv = world[key];
  if (kv.version == 0) kv.create_revision = revision;
  kv.key = key;
  kv.value = value;
  kv.lease = lease;
  kv.mod_revision = revision;
  ++kv.version;
  changes_.push_back({revision, key, false});
}

int64_t NaiveStore::EraseIn(World& world, const store::KeyRange& range) {
  const store::Revision revision = this->revision() + 1;
  int64_t count = 0;
  for (auto kv = world.begin(); kv != world.end();) {
    if (!range.Contains(kv->first)) {
      ++kv;
      continue;
    }
    changes_.push_back({revision, kv->first, true});
    kv = world.erase(kv);
    ++count;
  }
  return count;
}

void NaiveStore::Put(const std::string& key, const std::string& value, store::LeaseId lease) {
  World world = Latest();
  SetIn(world, key, value, lease);
  worlds_.push_back(std::move(world));
}

int64_t NaiveStore::DeleteRange(const store::KeyRange& range) {
  World world = Latest();
  const int64_t count = EraseIn(world, range);
  if (count > 0) worlds_.push_back(std::move(world));
  return count;
}

void NaiveStore::Txn(const std::vector<std::pair<std::string, std::string>>& puts,
                     const std::vector<store::KeyRange>& deletes) {
  World world = Latest();
  const size_t before = changes_.size();
  for (const auto& [key, value] : puts) SetIn(world, key, value, 0);
  for (const store::KeyRange& range : deletes) EraseIn(world, range);
  if (changes_.size() > before) worlds_.push_back(std::move(world));
}

void NaiveStore::Revoke(store::LeaseId lease) {
  World world = Latest();
  std::vector<std::string> keys;
  for (const auto& [key, kv] : world) {
    if (kv.lease == lease) keys.push_back(key);
  }
  for (const std::string& key : keys) EraseIn(world, store::KeyRange::From(key, ""));
  if (!keys.empty()) worlds_.push_back(std::move(world));
}

std::vector<NaiveStore::Change> NaiveStore::ChangesFrom(store::Revision from) const {
  std::vector<Change> result;
  for (const Change& change : changes_) {
    if (change.revision >= from) result.push_back(change);
  }
  return result;
}

}  // namespace kp::properties
