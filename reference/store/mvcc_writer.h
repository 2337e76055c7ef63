// The changes of one revision. Internal to Mvcc.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "reference/base/mutant.h"
#include "reference/store/mvcc.h"

namespace kp::store {

class Mvcc::Writer {
 public:
  explicit Writer(Mvcc& store) : store_(store), revision_(store.revision_ + 1) {}
  ~Writer() {
    if (KP_MUTANT("store-counts-keys-not-requests")) revision_ += std::max<uint32_t>(changes_, 1) - 1;
    if (changes_ > 0 || KP_MUTANT("store-counts-what-changes-nothing")) store_.revision_ = revision_;
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // What a reader inside this transaction sees as the store's revision.
  Revision visible() const { return changes_ > 0 ? revision_ : revision_ - 1; }

  PutResponse Put(PutRequest request);
  DeleteRangeResponse DeleteRange(const DeleteRangeRequest& request);
  void Delete(const std::string& key);

 private:
  void Detach(const KeyValue& kv);
  void Add(History& history, std::shared_ptr<KeyValue> kv);

  Mvcc& store_;
  Revision revision_;
  uint32_t changes_ = 0;
};

}  // namespace kp::store
