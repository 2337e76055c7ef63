#include <gtest/gtest.h>

#include "reference/store/errors.h"
#include "reference/store/mvcc.h"
#include "reference/store/validate.h"

namespace kp::store {
namespace {

using Cmp = Compare::Result;
using On = Compare::Target;

RequestOp Nested(TxnRequest txn) { return std::make_shared<const TxnRequest>(std::move(txn)); }

class TxnTest : public ::testing::Test {
 protected:
  TxnResponse Txn(const TxnRequest& txn) {
    Result<Response> result = store_.Apply(txn);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() ? std::get<TxnResponse>(*result) : TxnResponse();
  }
  bool Holds(const Compare& compare) { return Txn({.compares = {compare}}).succeeded; }
  void Put(const std::string& key, const std::string& value) {
    ASSERT_TRUE(store_.Apply(PutRequest{.key = key, .value = value}).ok());
  }

  Mvcc store_;
};

TEST_F(TxnTest, ComparesEveryTargetAndResult) {
  Put("a", "m");  // revision 2
  Put("a", "n");  // revision 3, version 2
  struct Row {
    Cmp result;
    On target;
    int64_t number;
    std::string value;
    bool holds;
  };
  const Row rows[] = {
      {Cmp::kEqual, On::kVersion, 2, "", true},    {Cmp::kGreater, On::kVersion, 1, "", true},
      {Cmp::kLess, On::kVersion, 2, "", false},    {Cmp::kEqual, On::kCreate, 2, "", true},
      {Cmp::kNotEqual, On::kCreate, 2, "", false}, {Cmp::kEqual, On::kMod, 3, "", true},
      {Cmp::kGreater, On::kMod, 3, "", false},     {Cmp::kEqual, On::kValue, 0, "n", true},
      {Cmp::kLess, On::kValue, 0, "o", true},      {Cmp::kGreater, On::kValue, 0, "o", false},
      {Cmp::kNotEqual, On::kValue, 0, "n", false}, {Cmp::kEqual, On::kLease, 0, "", true},
      {Cmp::kGreater, On::kLease, 0, "", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Holds({row.result, row.target, "a", "", row.number, row.value}), row.holds)
        << static_cast<int>(row.result) << " on " << static_cast<int>(row.target);
  }
}

TEST_F(TxnTest, MissingKeyComparesAsZerosButNeverByValue) {
  EXPECT_TRUE(Holds({Cmp::kEqual, On::kMod, "gone", "", 0, ""}));
  EXPECT_TRUE(Holds({Cmp::kLess, On::kVersion, "gone", "", 1, ""}));
  EXPECT_FALSE(Holds({Cmp::kEqual, On::kValue, "gone", "", 0, ""}));
  EXPECT_FALSE(Holds({Cmp::kNotEqual, On::kValue, "gone", "", 0, "x"}));
}

TEST_F(TxnTest, RangeCompareMustHoldForEachKey) {
  Put("a", "x");
  Put("b", "x");
  Put("c", "y");
  EXPECT_TRUE(Holds({Cmp::kEqual, On::kValue, "a", "c", 0, "x"}));
  EXPECT_FALSE(Holds({Cmp::kEqual, On::kValue, "a", "d", 0, "x"}));
}

TEST_F(TxnTest, OperationsSeeEarlierOnesInOneRevision) {
  Put("gone", "1");
  TxnResponse response = Txn({.success = {PutRequest{.key = "a", .value = "1"}, RangeRequest{.key = "a"},
                                          DeleteRangeRequest{.key = "gone"}, RangeRequest{.key = "gone"}}});
  EXPECT_EQ(response.revision, 3);
  const auto& seen = std::get<RangeResponse>(response.responses.at(1));
  EXPECT_EQ(seen.kvs.at(0)->value, "1");
  EXPECT_EQ(seen.kvs.at(0)->mod_revision, 3);
  EXPECT_EQ(seen.revision, 3);
  EXPECT_EQ(std::get<RangeResponse>(response.responses.at(3)).count, 0);
  EXPECT_EQ(store_.revision(), 3);
}

TEST_F(TxnTest, NestedBranchIsChosenOnTheStateBefore) {
  TxnRequest child{.compares = {{Cmp::kEqual, On::kMod, "a", "", 0, ""}},
                   .success = {PutRequest{.key = "b", .value = "then"}},
                   .failure = {PutRequest{.key = "b", .value = "else"}}};
  Txn({.success = {PutRequest{.key = "a"}, Nested(child)}});
  EXPECT_EQ(store_.Range({.key = "b"})->kvs.at(0)->value, "then");
}

TEST_F(TxnTest, RefusedWholeWhenOnePartCannotBeDone) {
  Put("a", "1");
  const PutRequest put{.key = "b"};
  EXPECT_EQ(store_.Apply(TxnRequest{.success = {put, RangeRequest{.key = "a", .revision = 9}}}).status(),
            ErrorFutureRevision());
  EXPECT_EQ(store_.Apply(TxnRequest{.success = {put, PutRequest{.key = "c", .lease = 5}}}).status(),
            ErrorLeaseNotFound());
  EXPECT_EQ(store_.Apply(TxnRequest{.success = {put, PutRequest{.key = "c", .ignore_value = true}}}).status(),
            ErrorKeyNotFound());
  EXPECT_EQ(store_.revision(), 2);
  EXPECT_EQ(store_.keys(), 1U);
}

TEST(Validate, Requests) {
  EXPECT_EQ(Validate(RangeRequest{}), ErrorEmptyKey());
  EXPECT_EQ(Validate(RangeRequest{.key = "a", .target = static_cast<RangeRequest::Target>(9)}),
            ErrorInvalidSortOption());
  EXPECT_EQ(Validate(PutRequest{}), ErrorEmptyKey());
  EXPECT_EQ(Validate(PutRequest{.key = "a", .value = "x", .ignore_value = true}), ErrorValueProvided());
  EXPECT_EQ(Validate(PutRequest{.key = "a", .lease = 1, .ignore_lease = true}), ErrorLeaseProvided());
  EXPECT_EQ(Validate(DeleteRangeRequest{}), ErrorEmptyKey());
}

TEST(Validate, TxnSizeBudgetShrinksWithNesting) {
  TxnRequest full{.success = std::vector<RequestOp>(128, RangeRequest{.key = "a"})};
  EXPECT_TRUE(Validate(full).ok());
  full.success.push_back(RangeRequest{.key = "a"});
  EXPECT_EQ(Validate(full), ErrorTooManyOps());
  TxnRequest child{.success = std::vector<RequestOp>(128, RangeRequest{.key = "a"})};
  EXPECT_EQ(Validate(TxnRequest{.success = {Nested(child)}}), ErrorTooManyOps());
  child.success.pop_back();
  EXPECT_TRUE(Validate(TxnRequest{.success = {Nested(child)}}).ok());
}

TEST(Validate, TxnRefusesTwoChangesOfOneKey) {
  const PutRequest put{.key = "b"};
  const DeleteRangeRequest erase{.key = "a", .range_end = "c"};
  const DeleteRangeRequest erase_tail{.key = "a", .range_end = std::string(1, '\0')};
  struct Row {
    TxnRequest txn;
    bool allowed;
  };
  const Row rows[] = {
      {{.success = {put, put}}, false},
      {{.success = {put, erase}}, false},
      {{.success = {erase, put}}, false},
      {{.success = {erase_tail, put}}, false},
      {{.success = {erase, erase}}, true},
      {{.success = {put}, .failure = {put}}, true},
      {{.success = {put, Nested({.success = {put}})}}, false},
      {{.success = {erase, Nested({.failure = {put}})}}, false},
      {{.success = {put, Nested({.success = {erase}})}}, false},
      {{.success = {Nested({.success = {put}, .failure = {put}})}}, true},
      {{.success = {Nested({.success = {put}}), Nested({.success = {put}})}}, false},
  };
  for (size_t i = 0; i < std::size(rows); ++i) {
    EXPECT_EQ(Validate(rows[i].txn), rows[i].allowed ? Status() : ErrorDuplicateKey()) << "row " << i;
  }
  EXPECT_EQ(Validate(TxnRequest{.success = {std::monostate()}}), ErrorKeyNotFound());
  EXPECT_EQ(Validate(TxnRequest{.compares = {Compare{}}}), ErrorEmptyKey());
}

TEST(Validate, ReadOnlyAndSerializable) {
  const RangeRequest local{.key = "a", .serializable = true};
  const RangeRequest quorum{.key = "a"};
  EXPECT_TRUE(IsReadOnly(TxnRequest{.success = {local, Nested({.success = {quorum}})}}));
  EXPECT_FALSE(IsReadOnly(TxnRequest{.failure = {PutRequest{.key = "a"}}}));
  EXPECT_TRUE(IsSerializable(TxnRequest{.success = {local}}));
  EXPECT_FALSE(IsSerializable(TxnRequest{.success = {local, quorum}}));
}

}  // namespace
}  // namespace kp::store
