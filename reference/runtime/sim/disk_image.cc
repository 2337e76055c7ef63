#include "reference/runtime/sim/disk_image.h"

#include <algorithm>
#include <utility>

namespace kp::runtime::sim {
namespace {

Status NotFound(const char* action, const std::string& path) {
  return {Code::kNotFound, std::string(action) + " " + path + ": no such file or directory"};
}

}  // namespace

std::string DiskImage::Normal(std::string path) {
  std::string normal;
  for (char c : path) {
    if (c != '/' || normal.empty() || normal.back() != '/') normal += c;
  }
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal == "." ? "" : normal;
}

std::string DiskImage::ParentOf(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return "";
  return slash == 0 ? "/" : path.substr(0, slash);
}

DiskImage::File DiskImage::Lookup(const std::string& normal_path) const {
  auto found = names_.find(normal_path);
  return found != names_.end() ? found->second : nullptr;
}

Result<DiskImage::File> DiskImage::Open(const std::string& path, Disk::OpenMode mode) {
  std::string name = Normal(path);
  if (File file = Lookup(name)) return file;
  if (IsDirectory(name)) return Status(Code::kInvalidArgument, "open " + path + ": is a directory");
  if (mode != Disk::OpenMode::kCreate || !IsDirectory(ParentOf(name))) return NotFound("open", path);
  auto file = std::make_shared<Inode>();
  names_[name] = file;
  pending_names_.push_back({++sequence_, name, nullptr, file, ""});
  return file;
}

Status DiskImage::Reserve(uint64_t growth, const std::string& path) {
  if (capacity_ && growth > 0 && used_ + growth > *capacity_) {
    return {Code::kResourceExhausted, "write " + path + ": no space left on device"};
  }
  used_ += growth;
  return Status::Ok();
}

Status DiskImage::Write(const File& file, const std::string& path, uint64_t offset, std::string_view bytes) {
  std::string& data = file->data;
  uint64_t end = offset + bytes.size();
  Status reserved = Reserve(end > data.size() ? end - data.size() : 0, path);
  if (!reserved.ok()) return reserved;
  PendingWrite write{++sequence_, false, false, offset, data.size(), {}, std::string(bytes)};
  if (offset < data.size()) write.before = data.substr(offset, bytes.size());
  file->pending.push_back(std::move(write));
  if (offset == data.size()) {
    data += bytes;
  } else {
    if (end > data.size()) data.resize(end, '\0');
    data.replace(offset, bytes.size(), bytes);
  }
  return Status::Ok();
}

Status DiskImage::Truncate(const File& file, uint64_t size) {
  std::string& data = file->data;
  PendingWrite cut{++sequence_, true, false, size, data.size(), {}, {}};
  if (size < data.size()) cut.before = data.substr(size);
  used_ = used_ + size - data.size();
  file->pending.push_back(std::move(cut));
  data.resize(size, '\0');
  return Status::Ok();
}

Status DiskImage::Rename(const std::string& from, const std::string& to) {
  std::string source = Normal(from);
  std::string target = Normal(to);
  File file = Lookup(source);
  if (!file || !IsDirectory(ParentOf(target))) return NotFound("rename", from);
  if (source == target) return Status::Ok();
  if (IsDirectory(target)) return {Code::kInvalidArgument, "rename " + from + ": is a directory"};
  File replaced = Lookup(target);
  names_.erase(source);
  names_[target] = file;
  pending_names_.push_back({++sequence_, target, replaced, file, source});
  if (replaced) used_ -= replaced->data.size();
  return Status::Ok();
}

Status DiskImage::Remove(const std::string& path) {
  std::string name = Normal(path);
  File file = Lookup(name);
  if (file) {
    names_.erase(name);
    used_ -= file->data.size();
    pending_names_.push_back({++sequence_, name, file, nullptr, ""});
    return Status::Ok();
  }
  if (!directories_.contains(name)) return NotFound("remove", path);
  auto names = List(name);
  if (names.ok() && !names->empty()) return {Code::kUnavailable, "remove " + path + ": directory not empty"};
  directories_.erase(name);
  return Status::Ok();
}

void DiskImage::MakeDirectories(const std::string& path) {
  for (std::string name = Normal(path); !IsDirectory(name); name = ParentOf(name)) directories_.insert(name);
}

Result<std::vector<std::string>> DiskImage::List(const std::string& directory) const {
  std::string name = Normal(directory);
  if (!IsDirectory(name)) return NotFound("list", directory);
  std::vector<std::string> names;
  for (const auto& [path, file] : names_) {
    if (ParentOf(path) == name) names.push_back(path.substr(path.rfind('/') + 1));
  }
  for (const std::string& path : directories_) {
    if (ParentOf(path) == name && path != name) names.push_back(path.substr(path.rfind('/') + 1));
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool DiskImage::Exists(const std::string& path) const {
  std::string name = Normal(path);
  return Lookup(name) != nullptr || IsDirectory(name);
}

void DiskImage::Commit(const File& file, uint64_t mark) {
  if (std::ranges::any_of(file->pending, &PendingWrite::doomed)) return CommitBesideDoomed(*file, mark);
  std::erase_if(file->pending, [mark](const PendingWrite& w) { return w.sequence <= mark && !w.doomed; });
}

void DiskImage::Doom(const File& file, uint64_t mark) {
  for (PendingWrite& write : file->pending) write.doomed |= write.sequence <= mark;
}

void DiskImage::CommitNames(const std::string& directory, uint64_t mark) {
  std::string name = Normal(directory);
  std::erase_if(pending_names_,
                [&](const NameChange& change) { return change.sequence <= mark && ParentOf(change.path) == name; });
}

Status DiskImage::Replace(const std::string& path, std::string bytes) {
  std::string name = Normal(path);
  if (!IsDirectory(ParentOf(name))) return NotFound("create", path);
  File before = Lookup(name);
  // The old content stays until the new one is in place.
  Status reserved = Reserve(bytes.size(), path);
  if (!reserved.ok()) return reserved;
  if (before) used_ -= before->data.size();
  auto file = std::make_shared<Inode>();
  file->data = std::move(bytes);
  names_[name] = file;
  // Older pending changes of this name are durable with it: the directory was synced.
  CommitNames(ParentOf(name), ++sequence_);
  return Status::Ok();
}

bool DiskImage::FlipBit(const std::string& path, uint64_t offset, int bit) {
  File file = Lookup(Normal(path));
  if (!file || offset >= file->data.size()) return false;
  file->data[offset] = static_cast<char>(file->data[offset] ^ (1 << (bit & 7)));
  return true;
}

std::vector<std::string> DiskImage::Paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, file] : names_) paths.push_back(path);
  return paths;
}

}  // namespace kp::runtime::sim
