// Messages that are nearly right: the fields of all requests at random, then bytes changed at random.
#include "properties/store/dispatch.h"

#include <gtest/gtest.h>

#include "reference/base/random.h"
#include "reference/store/proto_writer.h"

namespace kp::properties {
namespace {

// Fields 1 to 8 of any type, from few keys and numbers, so that calls meet what others have made.
std::string SomeMessage(Random& random, int depth = 0) {
  store::ProtoWriter out;
  for (int64_t fields = random.Between(0, 6); fields > 0; --fields) {
    const auto field = static_cast<uint32_t>(random.Between(1, 8));
    switch (random.Between(0, depth < 4 ? 3 : 2)) {
      case 0: out.Int(field, random.Between(-2, 12)); break;
      case 1: out.Message(field, std::string(1, static_cast<char>('a' + random.Between(0, 3)))); break;
      case 2: out.Message(field, random.Between(0, 3) == 0 ? std::string(1, '\0') : "root"); break;
      default: out.Message(field, SomeMessage(random, depth + 1)); break;
    }
  }
  return out.Take();
}

void Damage(Random& random, std::string& message) {
  if (message.empty()) return;
  const auto at = static_cast<size_t>(random.Between(0, static_cast<int64_t>(message.size()) - 1));
  switch (random.Between(0, 3)) {
    case 0: message[at] = static_cast<char>(random.Between(0, 255)); break;
    case 1: message.resize(at); break;
    case 2: message.insert(at, 1, static_cast<char>(random.Between(0, 255))); break;
    default: break;
  }
}

TEST(StoreDispatch, AnswersAnyMessageInWordsOfTheApi) {
  uint64_t accepted = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    Dispatch dispatch(seed);
    Random random = Random(seed).Fork("dispatch");
    for (int i = 0; i < 400; ++i) {
      const auto count = static_cast<int64_t>(dispatch.methods().size());
      const std::string& method = dispatch.methods()[static_cast<size_t>(random.Between(0, count - 1))];
      std::string message = SomeMessage(random);
      Damage(random, message);
      accepted += dispatch.Call(method, message).ok() ? 1 : 0;
    }
    dispatch.CheckSound();
  }
  EXPECT_GT(accepted, 500u) << "messages that are all refused at the door prove little";
}

// A nesting as deep as a message can carry.
TEST(StoreDispatch, DeepNestingIsRefusedOrDone) {
  Dispatch dispatch(1);
  std::string txn;
  for (int depth = 0; depth < 2000; ++depth) {
    store::ProtoWriter op;
    op.Message(4, txn);
    store::ProtoWriter outer;
    outer.Message(2, op.Take());
    txn = outer.Take();
    if (depth % 100 == 99) (void)dispatch.Call("/etcdserverpb.KV/Txn", txn);
  }
  dispatch.CheckSound();
}

}  // namespace
}  // namespace kp::properties
