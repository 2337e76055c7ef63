#include "properties/api/draw.h"

#include <rapidcheck.h>

#include <cmath>

namespace kp::properties {

using api::Key;
using api::Member;
using api::Value;

// Not scaled by rapidcheck's size, which would make the first tries all alike.
int DrawInt(int low, int high) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(low, high + 1)); }

std::string DrawKey() { return *rc::gen::element<std::string>("a", "b", "c", "name", "x/y", "m~n", "", "0", "é"); }

std::string DrawText() {
  static const std::string kPieces[] = {"a",
                                        "b",
                                        " ",
                                        "\n",
                                        "\t",
                                        "\"",
                                        "\\",
                                        "'",
                                        ":",
                                        "#",
                                        "-",
                                        "1",
                                        ".",
                                        "true",
                                        "é",
                                        "漢",
                                        "\xf0\x9f\x98\x80",
                                        std::string(1, '\0'),
                                        "\x1f",
                                        "\x7f",
                                        "yes",
                                        "long enough to leave the value itself"};
  std::string text;
  int count = DrawInt(0, 4);
  for (int i = 0; i < count; ++i) text += kPieces[DrawInt(0, static_cast<int>(std::size(kPieces)) - 1)];
  return text;
}

namespace {

Value DrawNumber(bool doubles) {
  if (!doubles || DrawInt(0, 1) == 0) return Value(*rc::gen::arbitrary<int64_t>());
  double real = *rc::gen::arbitrary<double>();
  return std::isfinite(real) && real != 0 ? Value(real) : Value(0.5);
}

}  // namespace

Value DrawObject(const DrawOptions& options) {
  DrawOptions inner = options;
  --inner.depth;
  std::vector<Member> members;
  int count = DrawInt(0, 4);
  for (int i = 0; i < count; ++i) members.push_back({Key(DrawKey()), DrawValue(inner)});
  return Value::Object(std::move(members));
}

Value DrawValue(const DrawOptions& options) {
  DrawOptions inner = options;
  --inner.depth;
  switch (DrawInt(0, options.depth > 0 ? 6 : 3)) {
    case 0: return options.nulls ? Value() : Value(0);
    case 1: return Value(DrawInt(0, 1) == 1);
    case 2: return DrawNumber(options.doubles);
    case 3: return Value(DrawText());
    case 4: {
      std::vector<Value> items;
      int count = DrawInt(0, 3);
      for (int i = 0; i < count; ++i) items.push_back(DrawValue(inner));
      return Value::Array(std::move(items));
    }
    default: return DrawObject(options);
  }
}

}  // namespace kp::properties
