// Selectors against the plainest reading of their documentation; laws of quantities.
#include "reference/api/selector.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "properties/api/draw.h"
#include "reference/api/quantity.h"

namespace kp::properties {
namespace {

using api::Key;
using api::Member;
using api::Obj;
using api::Quantity;
using api::Selector;
using api::Value;

using Labels = std::map<std::string, std::string>;

struct Term {
  std::string text;
  bool matches = false;
};

std::string DrawLabelKey() { return *rc::gen::element<std::string>("a", "b", "k8s.io/c", "in", "notin"); }
std::string DrawLabelValue() { return *rc::gen::element<std::string>("x", "y", "5", "", "in"); }
std::string Blank() { return *rc::gen::element<std::string>("", "", " ", "\t "); }

Term DrawTerm(const Labels& labels) {
  std::string key = DrawLabelKey();
  bool has = labels.contains(key);
  std::string label = has ? labels.at(key) : "";
  std::string value = DrawLabelValue();
  switch (DrawInt(0, 6)) {
    case 0: return {key + Blank() + "=" + Blank() + value, has && label == value};
    case 1: return {key + "==" + value, has && label == value};
    case 2: return {key + Blank() + "!=" + value, !has || label != value};
    case 3: return {key, has};
    case 4: return {"!" + Blank() + key, !has};
    default: break;
  }
  std::string other = DrawLabelValue();
  bool negated = DrawInt(0, 1) == 1;
  bool listed = label == value || label == other;
  std::string list = " (" + Blank() + value + Blank() + "," + other + ")";
  return {key + (negated ? " notin" : " in") + list, negated ? !has || !listed : has && listed};
}

RC_GTEST_PROP(SelectorLaws, MatchAsDocumented, ()) {
  Labels labels;
  std::vector<Member> members;
  int count = DrawInt(0, 3);
  for (int i = 0; i < count; ++i) labels.emplace(DrawLabelKey(), DrawLabelValue());
  for (const auto& [key, value] : labels) members.push_back({Key(key), Value(value)});
  Value object = Value::Object(std::move(members));

  std::string text;
  bool matches = true;
  int terms = DrawInt(0, 3);
  for (int i = 0; i < terms; ++i) {
    Term term = DrawTerm(labels);
    text += (i > 0 ? "," : "") + Blank() + term.text + Blank();
    matches = matches && term.matches;
  }
  RC_LOG() << text;
  Result<Selector> selector = Selector::Parse(text);
  RC_ASSERT(selector.ok());
  RC_ASSERT(selector->Matches(object) == matches);
  Result<Selector> again = Selector::Parse(selector->ToString());
  RC_ASSERT(again.ok());
  RC_ASSERT(again->ToString() == selector->ToString());
  RC_ASSERT(again->Matches(object) == matches);
}

RC_GTEST_PROP(SelectorLaws, AnyTextIsReadOrRefused, ()) {
  std::string text;
  int count = DrawInt(0, 8);
  for (int i = 0; i < count; ++i) {
    text +=
        *rc::gen::element<std::string>("a", "b", "=", "!", "in", "notin", "(", ")", ",", " ", "<", ">", "/", "1", "-");
  }
  Result<Selector> selector = Selector::Parse(text);
  if (selector.ok()) RC_ASSERT(Selector::Parse(selector->ToString()).ok());
}

std::string DrawQuantity() {
  std::string text = DrawInt(0, 3) == 0 ? "-" : "";
  text += std::to_string(*rc::gen::inRange<int64_t>(0, 1'000'000));
  if (DrawInt(0, 1) == 1) text += "." + std::to_string(DrawInt(0, 9999));
  return text + *rc::gen::element<std::string>("", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "e-3");
}

RC_GTEST_PROP(QuantityLaws, PrintingLosesNothing, ()) {
  std::string text = DrawQuantity();
  Quantity quantity = *Quantity::Parse(text);
  RC_LOG() << text << " " << quantity.ToString();
  Quantity again = *Quantity::Parse(quantity.ToString());
  RC_ASSERT(again == quantity);
  RC_ASSERT(again.ToString() == quantity.ToString());
}

RC_GTEST_PROP(QuantityLaws, SumsAndOrder, ()) {
  Quantity a = *Quantity::Parse(DrawQuantity());
  Quantity b = *Quantity::Parse(DrawQuantity());
  RC_ASSERT(a + b == b + a);
  RC_ASSERT(a + b - b == a);
  RC_ASSERT((a < b) == (a - b).ToString().starts_with('-'));
  RC_ASSERT((a - b).Sign() == -(b - a).Sign());
}

}  // namespace
}  // namespace kp::properties
