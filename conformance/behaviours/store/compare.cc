// What a transaction may compare, and how.
#include "conformance/behaviours/store/api.h"

namespace kp::conformance {

namespace {

using Result = pb::Compare;

bool Holds(Api& api, const pb::Compare& compare) {
  pb::TxnRequest txn;
  *txn.add_compare() = compare;
  return api.Do(txn).succeeded();
}

pb::Compare CompareOf(const Api& api, std::string_view name, pb::Compare::CompareTarget target,
                      pb::Compare::CompareResult result) {
  pb::Compare compare;
  compare.set_key(api.Key(name));
  compare.set_target(target);
  compare.set_result(result);
  return compare;
}

void SetNumber(pb::Compare& compare, int64_t number) {
  switch (compare.target()) {
    case pb::Compare::VERSION: return compare.set_version(number);
    case pb::Compare::CREATE: return compare.set_create_revision(number);
    case pb::Compare::MOD: return compare.set_mod_revision(number);
    case pb::Compare::LEASE: return compare.set_lease(number);
    default: return;
  }
}

// `actual` against itself and its neighbours, by all four results.
void ExpectNumber(Api& api, pb::Compare::CompareTarget target, int64_t actual) {
  for (const int64_t given : {actual - 1, actual, actual + 1}) {
    const std::pair<pb::Compare::CompareResult, bool> cases[] = {{Result::EQUAL, actual == given},
                                                                 {Result::NOT_EQUAL, actual != given},
                                                                 {Result::GREATER, actual > given},
                                                                 {Result::LESS, actual < given}};
    for (const auto& [result, expected] : cases) {
      pb::Compare compare = CompareOf(api, "a", target, result);
      SetNumber(compare, given);
      api.t().Expect(Holds(api, compare) == expected, pb::Compare::CompareResult_Name(result) + " " +
                                                          std::to_string(given) + " of " + std::to_string(actual));
    }
  }
}

}  // namespace

BEHAVIOUR("store/compare/version") {
  Api api(t);
  api.Put("a", "1");
  api.Put("a", "1");
  ExpectNumber(api, pb::Compare::VERSION, 2);
}

BEHAVIOUR("store/compare/creation") {
  Api api(t);
  const int64_t created = api.Put("a", "1");
  api.Put("a", "1");
  ExpectNumber(api, pb::Compare::CREATE, created);
}

BEHAVIOUR("store/compare/change") {
  Api api(t);
  api.Put("a", "1");
  ExpectNumber(api, pb::Compare::MOD, api.Put("a", "1"));
}

BEHAVIOUR("store/compare/lease") {
  Api api(t);
  const int64_t lease = api.Grant(600);
  api.Put("a", "1", lease);
  ExpectNumber(api, pb::Compare::LEASE, lease);
}

BEHAVIOUR("store/compare/value") {
  Api api(t);
  api.Put("a", "m");
  for (const std::string given : {"l", "m", "n", "mm", ""}) {
    const int order = std::string("m").compare(given);
    const std::pair<pb::Compare::CompareResult, bool> cases[] = {{Result::EQUAL, order == 0},
                                                                 {Result::NOT_EQUAL, order != 0},
                                                                 {Result::GREATER, order > 0},
                                                                 {Result::LESS, order < 0}};
    for (const auto& [result, expected] : cases) {
      pb::Compare compare = CompareOf(api, "a", pb::Compare::VALUE, result);
      compare.set_value(given);
      t.Expect(Holds(api, compare) == expected, pb::Compare::CompareResult_Name(result) + " '" + given + "'");
    }
  }
}

BEHAVIOUR("store/compare/value-of-a-missing-key-never-holds") {
  Api api(t);
  for (const auto result : {Result::EQUAL, Result::NOT_EQUAL, Result::GREATER, Result::LESS}) {
    pb::Compare compare = CompareOf(api, "none", pb::Compare::VALUE, result);
    compare.set_value("");
    t.Expect(!Holds(api, compare), pb::Compare::CompareResult_Name(result) + " does not hold");
  }
}

BEHAVIOUR("store/compare/a-missing-key-is-all-zeros") {
  Api api(t);
  for (const auto target : {pb::Compare::VERSION, pb::Compare::CREATE, pb::Compare::MOD, pb::Compare::LEASE}) {
    pb::Compare compare = CompareOf(api, "none", target, Result::EQUAL);
    SetNumber(compare, 0);
    t.Expect(Holds(api, compare), pb::Compare::CompareTarget_Name(target) + " is 0");
    compare.set_result(Result::GREATER);
    t.Expect(!Holds(api, compare), pb::Compare::CompareTarget_Name(target) + " is not greater");
  }
}

BEHAVIOUR("store/compare/a-range-holds-for-every-key") {
  Api api(t);
  api.Put("a", "1");
  api.Put("b", "1");
  pb::Compare compare = CompareOf(api, "", pb::Compare::VERSION, Result::EQUAL);
  compare.set_range_end(api.end());
  compare.set_version(1);
  t.Expect(Holds(api, compare), "all keys have it");
  api.Put("b", "2");
  t.Expect(!Holds(api, compare), "one has it not");
  compare.set_range_end(api.Key("b"));
  t.Expect(Holds(api, compare), "the one lies outside");
}

}  // namespace kp::conformance
