#include "reference/api/value.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <unordered_set>

#include "reference/base/check.h"

namespace kp::api {
namespace internal {

// Each node is one allocation: this header, then the content.
struct StringNode {
  uint32_t references;
  uint32_t size;
  char* data() { return reinterpret_cast<char*>(this + 1); }
  std::string_view text() { return {data(), size}; }
};

struct ArrayNode {
  uint32_t references;
  uint32_t size;
  Value* data() { return reinterpret_cast<Value*>(this + 1); }
};

struct ObjectNode {
  uint32_t references;
  uint32_t size;
  Member* data() { return reinterpret_cast<Member*>(this + 1); }
};

}  // namespace internal

namespace {

using internal::ArrayNode;
using internal::ObjectNode;
using internal::StringNode;

// A count that never reaches zero: interned keys and the shared empty nodes.
constexpr uint32_t kImmortal = 1U << 31;

template <typename Node>
Node* NewNode(size_t count, size_t item_size) {
  void* memory = std::malloc(sizeof(Node) + count * item_size);
  CHECK(memory != nullptr) << "out of memory";
  return new (memory) Node{1, static_cast<uint32_t>(count)};
}

StringNode* NewString(std::string_view text) {
  StringNode* node = NewNode<StringNode>(text.size(), 1);
  if (!text.empty()) std::memcpy(node->data(), text.data(), text.size());
  return node;
}

template <typename Node>
void Add(Node* node) {
  if (node->references < kImmortal) ++node->references;
}

// True when the node must be destroyed.
template <typename Node>
bool Drop(Node* node) {
  return node->references < kImmortal && --node->references == 0;
}

// Open addressing over the nodes: every key of every parsed object is looked up here.
class KeyTable {
 public:
  StringNode* Find(std::string_view text) const {
    for (size_t i = Hash(text) & mask();; i = (i + 1) & mask()) {
      if (slots_[i] == nullptr || slots_[i]->text() == text) return slots_[i];
    }
  }
  // `node` is not in the table.
  void Add(StringNode* node) {
    if (2 * ++count_ > slots_.size()) {
      std::vector<StringNode*> old(2 * slots_.size(), nullptr);
      old.swap(slots_);
      for (StringNode* each : old) {
        if (each != nullptr) Place(each);
      }
    }
    Place(node);
  }

 private:
  size_t mask() const { return slots_.size() - 1; }
  void Place(StringNode* node) {
    size_t i = Hash(node->text()) & mask();
    while (slots_[i] != nullptr) i = (i + 1) & mask();
    slots_[i] = node;
  }
  // Of the size and both ends: field names differ there.
  static size_t Hash(std::string_view text) {
    uint64_t head = 0;
    uint64_t tail = 0;
    const size_t part = std::min<size_t>(text.size(), 8);
    if (part == 0) return 0;
    std::memcpy(&head, text.data(), part);
    std::memcpy(&tail, text.data() + text.size() - part, part);
    const uint64_t mixed = (head ^ (tail << 21 | tail >> 43) ^ text.size()) * 0x9e3779b97f4a7c15ULL;
    return static_cast<size_t>(mixed >> 32);
  }

  std::vector<StringNode*> slots_ = std::vector<StringNode*>(4096, nullptr);
  size_t count_ = 0;
};

KeyTable& InternedKeys() {
  static auto* keys = new KeyTable();
  return *keys;
}

bool KeyLess(const Member& a, const Member& b) { return a.key.text() < b.key.text(); }

// Brings the members into order, of equal keys the last one. Returns how many are left.
size_t SortMembers(Member* members, size_t count) {
  // Mostly they come as we print them.
  const auto unordered = [](const Member& a, const Member& b) { return !KeyLess(a, b); };
  if (std::adjacent_find(members, members + count, unordered) == members + count) return count;
  std::stable_sort(members, members + count, KeyLess);
  size_t kept = 0;
  for (size_t i = 1; i < count; ++i) {
    if (!(members[kept].key == members[i].key)) ++kept;
    if (kept != i) members[kept] = std::move(members[i]);
  }
  return kept + 1;
}

const Value& NullValue() {
  static const auto* null = new Value();
  return *null;
}

}  // namespace

Key::Key(std::string_view text) {
  node_ = InternedKeys().Find(text);
  if (node_ == nullptr) node_ = NewString(text);
}

Key::Key(const Key& other) : node_(other.node_) {
  if (node_ != nullptr) Add(node_);
}

Key::~Key() {
  if (node_ != nullptr && Drop(node_)) std::free(node_);
}

std::string_view Key::text() const { return node_->text(); }

void InternKey(std::string_view text) {
  KeyTable& interned = InternedKeys();
  if (interned.Find(text) != nullptr) return;
  StringNode* node = NewString(text);
  node->references = kImmortal;
  interned.Add(node);
}

Value::Value(std::string_view text) {
  if (text.size() <= kMaxInline) {
    tag_ = static_cast<unsigned char>(text.size());
    if (!text.empty()) std::memcpy(this->text(), text.data(), text.size());  // an empty view may be null
  } else {
    tag_ = kTagStringNode;
    u_.string = NewString(text);
  }
}

Value::Value(const Value& other) noexcept {
  std::memcpy(static_cast<void*>(this), &other, sizeof(Value));
  if (tag_ >= kTagStringNode) Retain();
}

Value::Value(Value&& other) noexcept {
  std::memcpy(static_cast<void*>(this), &other, sizeof(Value));
  other.tag_ = kTagNull;
}

Value& Value::operator=(const Value& other) noexcept {
  if (this == &other) return *this;
  if (other.tag_ >= kTagStringNode) other.Retain();
  // `other` may lie inside what this releases.
  Value copy;
  std::memcpy(static_cast<void*>(&copy), &other, sizeof(Value));
  std::swap_ranges(reinterpret_cast<char*>(this), reinterpret_cast<char*>(this) + sizeof(Value),
                   reinterpret_cast<char*>(&copy));
  return *this;
}

Value& Value::operator=(Value&& other) noexcept {
  if (this == &other) return *this;
  Value taken(std::move(other));
  std::swap_ranges(reinterpret_cast<char*>(this), reinterpret_cast<char*>(this) + sizeof(Value),
                   reinterpret_cast<char*>(&taken));
  return *this;
}

void Value::Retain() const {
  switch (tag_) {
    case kTagStringNode: Add(u_.string); break;
    case kTagArray: Add(u_.array); break;
    default: Add(u_.object); break;
  }
}

void Value::Release() {
  switch (tag_) {
    case kTagStringNode:
      if (Drop(u_.string)) std::free(u_.string);
      break;
    case kTagArray:
      if (Drop(u_.array)) {
        std::destroy_n(u_.array->data(), u_.array->size);
        std::free(u_.array);
      }
      break;
    default:
      if (Drop(u_.object)) {
        std::destroy_n(u_.object->data(), u_.object->size);
        std::free(u_.object);
      }
      break;
  }
}

Value Value::Array(std::vector<Value> items) { return TakeArray(items, 0); }

Value Value::TakeArray(std::vector<Value>& stack, size_t from) {
  if (stack.size() == from) return EmptyArray();
  const auto first = stack.begin() + static_cast<std::ptrdiff_t>(from);
  ArrayNode* node = NewNode<ArrayNode>(stack.size() - from, sizeof(Value));
  std::uninitialized_move(first, stack.end(), node->data());
  stack.erase(first, stack.end());
  Value value;
  value.tag_ = kTagArray;
  value.u_.array = node;
  return value;
}

Value Value::Object(std::vector<Member> members) { return TakeObject(members, 0); }

Value Value::TakeObject(std::vector<Member>& stack, size_t from) {
  if (stack.size() == from) return EmptyObject();
  const auto first = stack.begin() + static_cast<std::ptrdiff_t>(from);
  const size_t count = SortMembers(&*first, stack.size() - from);
  ObjectNode* node = NewNode<ObjectNode>(count, sizeof(Member));
  std::uninitialized_move(first, first + static_cast<std::ptrdiff_t>(count), node->data());
  stack.erase(first, stack.end());
  Value value;
  value.tag_ = kTagObject;
  value.u_.object = node;
  return value;
}

Value Value::EmptyObject() {
  static ObjectNode* const node = [] {
    ObjectNode* empty = NewNode<ObjectNode>(0, 0);
    empty->references = kImmortal;
    return empty;
  }();
  Value value;
  value.tag_ = kTagObject;
  value.u_.object = node;
  return value;
}

Value Value::EmptyArray() {
  static ArrayNode* const node = [] {
    ArrayNode* empty = NewNode<ArrayNode>(0, 0);
    empty->references = kImmortal;
    return empty;
  }();
  Value value;
  value.tag_ = kTagArray;
  value.u_.array = node;
  return value;
}

Value::Type Value::type() const {
  switch (tag_) {
    case kTagNull: return Type::kNull;
    case kTagBool: return Type::kBool;
    case kTagInt: return Type::kInt;
    case kTagDouble: return Type::kDouble;
    case kTagArray: return Type::kArray;
    case kTagObject: return Type::kObject;
    default: return Type::kString;
  }
}

bool Value::empty() const {
  if (tag_ == kTagNull) return true;
  if (is_string()) return AsString().empty();
  if (tag_ == kTagArray) return u_.array->size == 0;
  if (tag_ == kTagObject) return u_.object->size == 0;
  return false;
}

int64_t Value::AsInt(int64_t otherwise) const {
  if (tag_ == kTagInt) return u_.integer;
  // Beyond these bounds the conversion is undefined.
  if (tag_ == kTagDouble && u_.real > -9.2e18 && u_.real < 9.2e18) return static_cast<int64_t>(u_.real);
  return otherwise;
}

double Value::AsDouble(double otherwise) const {
  if (tag_ == kTagDouble) return u_.real;
  if (tag_ == kTagInt) return static_cast<double>(u_.integer);
  return otherwise;
}

std::string_view Value::AsString(std::string_view otherwise) const {
  if (tag_ <= kMaxInline) return {text(), tag_};
  if (tag_ == kTagStringNode) return u_.string->text();
  return otherwise;
}

View<Value> Value::items() const {
  if (tag_ != kTagArray) return {};
  return {u_.array->data(), u_.array->size};
}

View<Member> Value::members() const {
  if (tag_ != kTagObject) return {};
  return {u_.object->data(), u_.object->size};
}

size_t Value::size() const {
  if (tag_ == kTagArray) return u_.array->size;
  if (tag_ == kTagObject) return u_.object->size;
  return 0;
}

const Value* Value::Find(std::string_view key) const {
  if (tag_ != kTagObject) return nullptr;
  const Member* first = u_.object->data();
  const Member* last = first + u_.object->size;
  // In a few members, comparing sizes finds the key sooner than comparing texts in order.
  if (last - first <= 16) {
    const Member* at = std::find_if(first, last, [key](const Member& m) { return m.key.text() == key; });
    return at != last ? &at->value : nullptr;
  }
  const Member* at =
      std::lower_bound(first, last, key, [](const Member& m, std::string_view k) { return m.key.text() < k; });
  return at != last && at->key.text() == key ? &at->value : nullptr;
}

const Value& Value::operator[](std::string_view key) const {
  const Value* found = Find(key);
  return found != nullptr ? *found : NullValue();
}

const Value& Value::operator[](size_t index) const {
  if (tag_ != kTagArray || index >= u_.array->size) return NullValue();
  return u_.array->data()[index];
}

bool Value::Has(std::string_view key) const { return Find(key) != nullptr; }

const Value& Value::At(Path path) const {
  const Value* at = this;
  for (std::string_view key : path) at = &(*at)[key];
  return *at;
}

Value Value::With(std::string_view key, Value value) const {
  std::vector<Member> members;
  View<Member> old = this->members();
  members.reserve(old.size() + 1);
  bool placed = false;
  for (const Member& member : old) {
    if (!placed && member.key.text() >= key) {
      bool same = member.key.text() == key;
      members.push_back({same ? member.key : Key(key), std::move(value)});
      placed = true;
      if (same) continue;
    }
    members.push_back(member);
  }
  if (!placed) members.push_back({Key(key), std::move(value)});
  return Object(std::move(members));
}

namespace {

Value WithFrom(const Value& base, const std::string_view* first, const std::string_view* last, Value value) {
  if (first == last) return value;
  return base.With(*first, WithFrom(base[*first], first + 1, last, std::move(value)));
}

Value WithoutFrom(const Value& base, const std::string_view* first, const std::string_view* last) {
  if (!base.Has(*first)) return base;
  if (first + 1 == last) return base.Without(*first);
  return base.With(*first, WithoutFrom(base[*first], first + 1, last));
}

}  // namespace

Value Value::With(Path path, Value value) const { return WithFrom(*this, path.begin(), path.end(), std::move(value)); }

Value Value::Without(std::string_view key) const {
  if (!Has(key)) return *this;
  std::vector<Member> members;
  members.reserve(size());
  for (const Member& member : this->members()) {
    if (member.key.text() != key) members.push_back(member);
  }
  return Object(std::move(members));
}

Value Value::Without(Path path) const {
  CHECK(path.size() > 0);
  return WithoutFrom(*this, path.begin(), path.end());
}

Value Value::Append(Value item) const {
  std::vector<Value> items(this->items().begin(), this->items().end());
  items.push_back(std::move(item));
  return Array(std::move(items));
}

Value Value::WithItem(size_t index, Value item) const {
  CHECK_LT(index, size());
  std::vector<Value> items(this->items().begin(), this->items().end());
  items[index] = std::move(item);
  return Array(std::move(items));
}

bool Value::SameNode(const Value& other) const {
  if (tag_ != other.tag_ || tag_ < kTagStringNode) return false;
  return u_.object == other.u_.object;
}

bool operator==(const Value& a, const Value& b) {
  if (a.SameNode(b)) return true;
  Value::Type type = a.type();
  if (type != b.type()) return false;
  switch (type) {
    case Value::Type::kNull: return true;
    case Value::Type::kBool: return a.AsBool() == b.AsBool();
    case Value::Type::kInt: return a.AsInt() == b.AsInt();
    case Value::Type::kDouble: return a.AsDouble() == b.AsDouble();
    case Value::Type::kString: return a.AsString() == b.AsString();
    case Value::Type::kArray: return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end());
    case Value::Type::kObject:
      return std::equal(a.members().begin(), a.members().end(), b.members().begin(), b.members().end(),
                        [](const Member& x, const Member& y) { return x.key == y.key && x.value == y.value; });
  }
  return false;
}

namespace {

size_t CountBytes(const Value& value, std::unordered_set<const void*>& seen) {
  size_t bytes = 0;
  if (value.is_string() && value.AsString().size() > 14) {
    if (!seen.insert(value.AsString().data()).second) return 0;
    return sizeof(StringNode) + value.AsString().size();
  }
  if (value.is_array() && !value.empty()) {
    if (!seen.insert(value.items().begin()).second) return 0;
    bytes += sizeof(ArrayNode) + value.size() * sizeof(Value);
    for (const Value& item : value.items()) bytes += CountBytes(item, seen);
  }
  if (value.is_object() && !value.empty()) {
    if (!seen.insert(value.members().begin()).second) return 0;
    bytes += sizeof(ObjectNode) + value.size() * sizeof(Member);
    for (const Member& member : value.members()) {
      if (InternedKeys().Find(member.key.text()) == nullptr && seen.insert(member.key.text().data()).second) {
        bytes += sizeof(StringNode) + member.key.text().size();
      }
      bytes += CountBytes(member.value, seen);
    }
  }
  return bytes;
}

}  // namespace

size_t Value::MemoryUse() const {
  std::unordered_set<const void*> seen;
  return CountBytes(*this, seen);
}

Value Obj(std::initializer_list<std::pair<std::string_view, Value>> members) {
  std::vector<Member> list;
  list.reserve(members.size());
  for (const auto& [key, value] : members) list.push_back({Key(key), value});
  return Value::Object(std::move(list));
}

Value Arr(std::initializer_list<Value> items) { return Value::Array(std::vector<Value>(items)); }

}  // namespace kp::api
