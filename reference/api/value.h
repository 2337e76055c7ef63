// An API object, or any part of one: an immutable JSON value.
//
// Copying is a reference count. A change makes a new value that shares all it did not touch:
//
//   Value scaled = deployment.With({"spec", "replicas"}, 3);
//
// Objects keep their members sorted by key, so printing is canonical and equality is structural.
// Reference counts are plain: a Value never crosses threads. Integers are kept apart from doubles
// (`3` and `3.0` differ); integers beyond int64 are doubles.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kp::api {

class Value;
struct Member;

namespace internal {
struct StringNode;
struct ArrayNode;
struct ObjectNode;
}  // namespace internal

// A member's name. Names that InternKey() has seen are shared process-wide; others (label and data
// keys) are counted and freed.
class Key {
 public:
  Key(std::string_view text);                             // NOLINT: implicit
  Key(const char* text) : Key(std::string_view(text)) {}  // NOLINT: implicit
  Key(const Key& other);
  Key(Key&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Key& operator=(Key other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Key();

  std::string_view text() const;
  bool operator==(const Key& other) const { return node_ == other.node_ || text() == other.text(); }

 private:
  internal::StringNode* node_;
};

// Makes `text` a name that all later Keys share. For schema field names; never freed.
void InternKey(std::string_view text);

// A list that can be iterated; valid while its Value (or a copy) lives.
template <typename T>
struct View {
  const T* first = nullptr;
  size_t count = 0;
  const T* begin() const { return first; }
  const T* end() const;
  size_t size() const { return count; }
  bool empty() const { return count == 0; }
  const T& operator[](size_t i) const;
};

using Path = std::initializer_list<std::string_view>;

class Value {
 public:
  enum class Type : unsigned char { kNull, kBool, kInt, kDouble, kString, kArray, kObject };

  Value() noexcept : tag_(kTagNull) {}
  Value(std::nullptr_t) noexcept : tag_(kTagNull) {}                                  // NOLINT: implicit
  Value(bool b) noexcept : tag_(kTagBool) { u_.integer = b ? 1 : 0; }                 // NOLINT: implicit
  Value(int i) noexcept : tag_(kTagInt) { u_.integer = i; }                           // NOLINT: implicit
  Value(int64_t i) noexcept : tag_(kTagInt) { u_.integer = i; }                       // NOLINT: implicit
  Value(size_t i) noexcept : tag_(kTagInt) { u_.integer = static_cast<int64_t>(i); }  // NOLINT: implicit
  Value(double d) noexcept : tag_(kTagDouble) { u_.real = d; }                        // NOLINT: implicit
  Value(std::string_view text);                                                       // NOLINT: implicit
  Value(const std::string& text) : Value(std::string_view(text)) {}                   // NOLINT: implicit
  Value(const char* text) : Value(std::string_view(text)) {}                          // NOLINT: implicit
  Value(const Value& other) noexcept;
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other) noexcept;
  Value& operator=(Value&& other) noexcept;
  ~Value() {
    if (tag_ >= kTagStringNode) Release();
  }

  static Value Array(std::vector<Value> items);
  // Members in any order; of equal keys the last one stays.
  static Value Object(std::vector<Member> members);
  // Of the last ones, from index `from` on, which leave the stack: parsers keep one for all levels.
  static Value TakeArray(std::vector<Value>& stack, size_t from);
  static Value TakeObject(std::vector<Member>& stack, size_t from);
  static Value EmptyObject();
  static Value EmptyArray();

  Type type() const;
  bool is_null() const { return tag_ == kTagNull; }
  bool is_bool() const { return tag_ == kTagBool; }
  bool is_int() const { return tag_ == kTagInt; }
  bool is_number() const { return tag_ == kTagInt || tag_ == kTagDouble; }
  bool is_string() const { return tag_ <= kMaxInline || tag_ == kTagStringNode; }
  bool is_array() const { return tag_ == kTagArray; }
  bool is_object() const { return tag_ == kTagObject; }
  // Null, or an object, array or string without content.
  bool empty() const;

  // Reads that never fail: another type gives the default.
  bool AsBool(bool otherwise = false) const { return tag_ == kTagBool ? u_.integer != 0 : otherwise; }
  int64_t AsInt(int64_t otherwise = 0) const;
  double AsDouble(double otherwise = 0) const;
  std::string_view AsString(std::string_view otherwise = {}) const;
  std::string str() const { return std::string(AsString()); }

  // Items of an array or members of an object; empty for all else.
  View<Value> items() const;
  View<Member> members() const;
  size_t size() const;

  // Null (a static one) when this is no object or has no such member.
  const Value& operator[](std::string_view key) const;
  const Value& operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  const Value& operator[](size_t index) const;
  const Value& operator[](int index) const { return (*this)[static_cast<size_t>(index)]; }
  bool Has(std::string_view key) const;
  const Value& At(Path path) const;

  // Copies with one change. Objects on the way are made where missing (a null or other value on
  // the way is replaced).
  Value With(std::string_view key, Value value) const;
  Value With(Path path, Value value) const;
  Value Without(std::string_view key) const;
  Value Without(Path path) const;
  Value Append(Value item) const;                  // arrays; null counts as []
  Value WithItem(size_t index, Value item) const;  // replaces items()[index]

  friend bool operator==(const Value& a, const Value& b);
  // True when both are the same node: a cheap "certainly equal".
  bool SameNode(const Value& other) const;

  // Bytes on the heap, shared parts counted once per call.
  size_t MemoryUse() const;

 private:
  // 0..14: a string of that length, kept inline. Tags from kTagStringNode on hold a counted node.
  static constexpr unsigned char kMaxInline = 14;
  static constexpr unsigned char kTagNull = 32;
  static constexpr unsigned char kTagBool = 33;
  static constexpr unsigned char kTagInt = 34;
  static constexpr unsigned char kTagDouble = 35;
  static constexpr unsigned char kTagStringNode = 64;
  static constexpr unsigned char kTagArray = 65;
  static constexpr unsigned char kTagObject = 66;

  void Release();
  void Retain() const;
  const Value* Find(std::string_view key) const;

  // An inline string lies in the 15 bytes before the tag, over `u_` and `rest_`.
  char* text() { return reinterpret_cast<char*>(this); }
  const char* text() const { return reinterpret_cast<const char*>(this); }

  union {
    int64_t integer;
    double real;
    internal::StringNode* string;
    internal::ArrayNode* array;
    internal::ObjectNode* object;
  } u_ = {};
  char rest_[7] = {};
  unsigned char tag_;
};
static_assert(sizeof(Value) == 16);

struct Member {
  Key key;
  Value value;
};

template <typename T>
const T* View<T>::end() const {
  return first + count;
}
template <typename T>
const T& View<T>::operator[](size_t i) const {
  return first[i];
}

// Obj({{"kind", "Pod"}, {"metadata", Obj({{"name", "a"}})}}) and Arr({1, 2}).
Value Obj(std::initializer_list<std::pair<std::string_view, Value>> members);
Value Arr(std::initializer_list<Value> items);

}  // namespace kp::api
