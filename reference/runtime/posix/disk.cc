#include "reference/runtime/posix/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "reference/runtime/posix/errors.h"

namespace kp::runtime::posix {
namespace {

// Closes the descriptor when the last user (the file, or a sync under way) lets go.
struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() { close(fd); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int fd;
};

Status WriteFully(int fd, uint64_t offset, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    ssize_t count = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
  return Status::Ok();
}

Result<std::string> ReadFully(int fd, uint64_t offset, size_t size, const std::string& path) {
  std::string bytes(size, '\0');
  size_t have = 0;
  while (have < size) {
    ssize_t count = pread(fd, bytes.data() + have, size - have, static_cast<off_t>(offset + have));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("read", path, errno);
    if (count == 0) break;
    have += static_cast<size_t>(count);
  }
  bytes.resize(have);
  return bytes;
}

std::string ParentOf(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status SyncDirectoryNow(const std::string& path) {
  int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus("open", path, errno);
  Descriptor directory(fd);
  if (fsync(fd) != 0) return ErrnoStatus("sync", path, errno);
  return Status::Ok();
}

Status WriteTemporary(const std::string& path, std::string_view bytes) {
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus("create", path, errno);
  Descriptor file(fd);
  if (Status written = WriteFully(fd, 0, bytes, path); !written.ok()) return written;
  if (fdatasync(fd) != 0) return ErrnoStatus("sync", path, errno);
  return Status::Ok();
}

Status WriteAtomicallyNow(const std::string& path, std::string_view bytes) {
  std::string temporary = path + ".tmp";
  Status written = WriteTemporary(temporary, bytes);
  if (!written.ok()) {
    unlink(temporary.c_str());
    return written;
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) return ErrnoStatus("rename", path, errno);
  return SyncDirectoryNow(ParentOf(path));
}

class PosixFile : public File {
 public:
  PosixFile(IoThread& thread, std::string path, int fd, uint64_t size)
      : thread_(thread), path_(std::move(path)), descriptor_(std::make_shared<Descriptor>(fd)), size_(size) {}

  Result<std::string> Read(uint64_t offset, size_t size) override {
    // Bounded by the file, so that a caller may ask for more than there is.
    if (offset >= size_) return std::string();
    return ReadFully(descriptor_->fd, offset, std::min<uint64_t>(size, size_ - offset), path_);
  }

  Status Write(uint64_t offset, std::string_view bytes) override {
    Status written = WriteFully(descriptor_->fd, offset, bytes, path_);
    if (written.ok()) size_ = std::max(size_, offset + bytes.size());
    return written;
  }

  Status Truncate(uint64_t size) override {
    if (ftruncate(descriptor_->fd, static_cast<off_t>(size)) != 0) return ErrnoStatus("truncate", path_, errno);
    size_ = size;
    return Status::Ok();
  }

  uint64_t Size() const override { return size_; }

  void Sync(Completion<Status> done) override {
    auto sync = [descriptor = descriptor_, path = path_] {
      if (fdatasync(descriptor->fd) != 0) return ErrnoStatus("sync", path, errno);
      return Status::Ok();
    };
    SubmitStatus(thread_, std::move(sync), std::move(done));
  }

 private:
  IoThread& thread_;
  std::string path_;
  std::shared_ptr<Descriptor> descriptor_;
  uint64_t size_;  // each file has one writer, this object
};

}  // namespace

void SubmitStatus(IoThread& thread, std::function<Status()> work, Completion<Status> done) {
  auto outcome = std::make_shared<Status>();
  thread.Submit([outcome, work = std::move(work)] { *outcome = work(); },
                [outcome, done = std::move(done)] { done(std::move(*outcome)); });
}

Result<std::unique_ptr<File>> PosixDisk::Open(const std::string& path, OpenMode mode) {
  int flags = O_CLOEXEC | (mode == OpenMode::kRead ? O_RDONLY : O_RDWR);
  if (mode == OpenMode::kCreate) flags |= O_CREAT;
  int fd = open(path.c_str(), flags, 0600);
  if (fd < 0) return ErrnoStatus("open", path, errno);
  struct stat info {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return ErrnoStatus("open", path, EISDIR);
  }
  return std::unique_ptr<File>(std::make_unique<PosixFile>(thread_, path, fd, static_cast<uint64_t>(info.st_size)));
}

Result<std::string> PosixDisk::ReadAll(const std::string& path) {
  auto file = Open(path, OpenMode::kRead);
  if (!file.ok()) return file.error();
  return (*file)->Read(0, (*file)->Size());
}

void PosixDisk::WriteAtomically(const std::string& path, std::string bytes, Completion<Status> done) {
  SubmitStatus(
      thread_, [path, bytes = std::move(bytes)] { return WriteAtomicallyNow(path, bytes); }, std::move(done));
}

Status PosixDisk::Rename(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return ErrnoStatus("rename", from, errno);
  return Status::Ok();
}

Status PosixDisk::Remove(const std::string& path) {
  if (::remove(path.c_str()) != 0) return ErrnoStatus("remove", path, errno);
  return Status::Ok();
}

Status PosixDisk::MakeDirectories(const std::string& path) {
  for (size_t at = 1; at <= path.size(); ++at) {
    if (at < path.size() && path[at] != '/') continue;
    std::string part = path.substr(0, at);
    if (mkdir(part.c_str(), 0700) == 0) continue;
    int error = errno;
    struct stat info {};
    // An existing ancestor may lie in a folder where we could not make one.
    if (stat(part.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) continue;
    return ErrnoStatus("mkdir", part, error);
  }
  return Status::Ok();
}

Result<std::vector<std::string>> PosixDisk::List(const std::string& directory) {
  DIR* entries = opendir(directory.c_str());
  if (entries == nullptr) return ErrnoStatus("list", directory, errno);
  std::vector<std::string> names;
  while (dirent* entry = readdir(entries)) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  closedir(entries);
  std::sort(names.begin(), names.end());
  return names;
}

bool PosixDisk::Exists(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0;
}

void PosixDisk::SyncDirectory(const std::string& path, Completion<Status> done) {
  SubmitStatus(
      thread_, [path] { return SyncDirectoryNow(path); }, std::move(done));
}

}  // namespace kp::runtime::posix
