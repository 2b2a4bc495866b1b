"""What goes wrong with a store, by the English that says it, in Chinese: disk, journal, archives.

``report.in_chinese`` says how a sentence is found again. Placeholders may stand in another order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STORES: Final[Mapping[str, str]] = {
    # where, when, which
    "{file} at byte {offset}": "{file} 第 {offset} 字节",
    "{when} (Unix ms)": "{when}（Unix 毫秒）",
    "commits {first} to {last}": "提交 {first} 至 {last}",
    "commit {seq}": "提交 {seq}",
    "within commit {seq} of {when}": "在提交 {seq}（{when}）之内",
    "behind commit {seq} of {when}": "在提交 {seq}（{when}）之后",
    # the journal
    "torn write": "写入中断",
    "torn write (zeros)": "写入中断（全为零）",
    "bytes in space that no frame was written to": "未写过帧的空间里出现了字节",
    "frame header fails its checksum": "帧头与校验和不符",
    "frame of an unknown format": "帧的格式未知",
    "frame fails its checksum": "帧与校验和不符",
    "missing": "缺失",
    "cannot be read": "无法读取",
    "cannot be read: {problem}": "无法读取：{problem}",
    "behind its other copy": "落后于另一份",
    "not what the chain says": "与链上的内容不符",
    "cut off {there}: what was acknowledged from commit {seq} on is lost": (
        "{there}被截断：自提交 {seq} 起已确认的内容已丢失"
    ),
    "holds frames of another segment than its name says": "其中的帧属于另一段，与文件名不符",
    "has a name that no opening of this store can have given": "这个文件名不可能出自本存储",
    "{lost}, acknowledged by {when}, are lost: both copies of the journal end at commit {seq} of "
    "{end}": "{lost}（已于 {when} 确认）已丢失：日志的两份都止于提交 {seq}（{end}）",
    "commit {seq} is damaged or missing in every copy: the moments before commit {after} cannot be "
    "restored from there on": (
        "提交 {seq} 在每一份中都已损坏或缺失：自此至提交 {after} 之前的时刻无法恢复"
    ),
    "changed while it was read": "读取期间被改动",
    "a frame's payload is not a change": "帧的内容不是一次改动",
    "{what} is no list of {number} entries or more": "{what} 不是至少有 {number} 项的列表",
    "commit {seq} changes document {key}, which is not there": (
        "提交 {seq} 改动了不存在的文档 {key}"
    ),
    "one commit of {size} bytes; at most {most} fit in a frame": (
        "一次提交有 {size} 字节；一帧最多容纳 {most} 字节"
    ),
    "one commit of {size} bytes; at most {most} are taken": (
        "一次提交有 {size} 字节；最多接受 {most} 字节"
    ),
    "save in parts": "请分几次保存",
    "a frame field is out of range: {problem}": "帧的字段超出范围：{problem}",
    "wall time {ms}": "时刻 {ms}",
    "epoch {epoch}, frame {seq}: a segment's name has no room for it": (
        "纪元 {epoch}、帧 {seq}：段的文件名容不下"
    ),
    "an OPEN frame": "一个 OPEN 帧",
    "{name} of {key} at commit {seq}": "{key} 的 {name}（提交 {seq}）",
    "a record in memory": "内存中的一条记录",
    "records {start} to {stop} were counted, not kept": "记录 {start} 至 {stop} 只计数，未保留",
    # snapshots and bases
    "is not a snapshot archive: {problem}": "不是快照压缩包：{problem}",
    "is not a record": "不是一条记录",
    "does not begin and end like a snapshot archive": "首尾不像快照压缩包",
    "documents.json holds what is not a document": "documents.json 里有不是文档的内容",
    "{name} does not fit its checksum": "{name} 与校验和不符",
    "the manifest does not announce {name}": "清单没有列出 {name}",
    "the manifest does not announce its members": "清单所列与归档内的文件不符",
    "its sums are not those of its records": "其中的汇总与记录不符",
    "the manifest does not say where it stands": "清单没有说明它处于哪次提交",
    "its last line has no end": "最后一行不完整",
    "members {names} are not those of a snapshot": "成员 {names} 不是快照应有的",
    "{name} is longer than announced": "{name} 比清单所列更长",
    "the manifest does not fit its checksum": "清单与校验和不符",
    "format {name} is not known": "格式 {name} 未知",
    "holds not as many records as its manifest says": "记录条数与清单不符",
    "a line of over {most} bytes": "有一行超过 {most} 字节",
    "{name} is packed in a way that is not read": "{name} 的压缩方式不受支持",
    "{name} announces {size} bytes": "{name} 声称有 {size} 字节",
    "{name} is a compression bomb": "{name} 是压缩炸弹",
    "{name} of a snapshot exceeds {most} bytes": "快照中的 {name} 超过 {most} 字节",
    "is newer than a snapshot named later": "比文件名更晚的快照还要新",
    "is of another store": "属于另一个存储",
    "holds commit {seq}, not {named}": "其中是提交 {seq}，而不是 {named}",
    "File is not a zip file": "不是 zip 文件",
    "Bad magic number for {what}": "{what} 的标识不对",
    # readable files
    "its end is missing": "结尾缺失",
    "schema version {version}": "结构版本 {version}",
    "lacks data or sequence": "缺少数据或序号",
    "does not fit its checksum": "与校验和不符",
    "its head does not fit its checksum": "文件头与校验和不符",
    "its text is not what was written": "文本与写入时不同",
    "is the file {name} under another name": "是改了名的文件 {name}",
    "is not the version that the checkpoint names": "不是检查点所指的版本",
    "schema {schema} is not a version": "结构版本 {schema} 无效",
    "{where} was written with schema {schema}, this version reads up to {most}": (
        "{where} 以结构版本 {schema} 写成，本版本最高只能读 {most}"
    ),
    "document {key} has no place in this version's state": "本版本的状态里没有文档 {key} 的位置",
    "document {key} holds another's {field}": "文档 {key} 里的 {field} 属于别的文档",
    "document {key}": "文档 {key}",
    "the document": "整个文档",
    "restored commit {seq} from {base}": "从 {base} 恢复了提交 {seq}",
    # restoring
    "there was a state, its journal is not there: {hint}": "曾有状态，其日志却不在：{hint}",
    "{lost}, acknowledged by {when}, are lost: a readable file vouches for commit {mark}, both "
    "copies of the journal end at {last}, of {end}: {hint}": (
        "{lost}（已于 {when} 确认）已丢失：可读文件证明有过提交 {mark}，日志的两份都止于 {last}（"
        "{end}）："
        "{hint}"
    ),
    "commit {seq} is damaged or missing in both copies, commits from {first} on are "
    "there: {hint}": ("提交 {seq} 在两份中都已损坏或缺失，而提交 {first} 起都在：{hint}"),
    "commits up to {last} are whole, and can be restored into a new store": (
        "提交 {last} 及以前完整，可以恢复到新的存储"
    ),
    "no whole commit is left; the readable JSON files hold what was last checkpointed": (
        "没有剩下完整的提交；可读的 JSON 文件里是最近一次检查点的内容"
    ),
    "a history begins here, and another one in {file}: one of the two is of another store; move "
    "its segments elsewhere": (
        "这里有一段历史的开头，{file} 里是另一段：两者之一属于别的存储；把它的段文件移到别处"
    ),
    "commit {seq} cannot be reached; whole up to {last}": "到不了提交 {seq}；完整到 {last}",
    "commit {seq} does not exist; the first is {first}": "没有提交 {seq}；第一次是 {first}",
    "commit {seq} does not exist; the newest is {newest}": "没有提交 {seq}；最新的是 {newest}",
    "commit {seq} is no longer kept; {oldest}": "提交 {seq} 已不再保留；{oldest}",
    "{when} is no longer kept; {oldest}": "{when} 已不再保留；{oldest}",
    "nothing was saved at or before {when}": "{when} 及以前没有保存过任何内容",
    "nothing was saved by {when}; the first is of {first}": (
        "{when} 及以前没有保存过任何内容；第一次保存在 {first}"
    ),
    "{when} lies in the future: what is there then is not known": (
        "{when} 在将来：那时有什么无从得知"
    ),
    "the oldest moment that can be restored is commit {seq} of {when}": (
        "最早可以恢复到提交 {seq}（{when}）"
    ),
    "{path} cannot be read ({problem}), and no other copy has what is in it; what is there is not "
    "known, nor whether it is damaged": (
        "{path} 无法读取（{problem}），其内容也没有另一份；里面有什么、是否损坏都无从得知"
    ),
    "the store cannot be read: {problem}": "存储无法读取：{problem}",
    "{path} is missing or cannot be read, and the mirror is not in the store: say where it is by "
    "{name} (empty: there is none)": (
        "{path} 缺失或无法读取，且镜像不在存储目录内：用环境变量 {name} 指明镜像目录"
        "（留空表示没有）"
    ),
    "{path} is a link, or no directory; name a new one": (
        "{path} 是链接，或不是目录；请指定新目录"
    ),
    "{path} is not empty; name a new directory": "{path} 不是空目录；请指定新目录",
    "another restore is building {path} at this moment; wait for it": (
        "此刻另一个恢复命令正在建立 {path}；请等它结束"
    ),
    "{path} is in the way, and was not made by a restore; move it elsewhere": (
        "{path} 占了位置，又不是恢复留下的；请移到别处"
    ),
    "copied from commit {seq}": "从提交 {seq} 复制",
    "the clock stands {span} before the last save": "时钟比上次保存早 {span}",
    # repair
    "missing or not to be read": "缺失或无法读取",
    "left by a writer that was killed": "被杀死的写入者留下的",
    "moved aside": "已移开",
    "an opening that was cut short": "中断了的打开",
    "not joined to what is kept": "与保留的内容不相连",
    "written after commit {seq}": "在提交 {seq} 之后写入",
    "beyond commit {seq}": "在提交 {seq} 之后",
    "commits up to {last} are whole: --accept-loss {kept} would give up what is not lost; restore "
    "--seq {seq} --into NEWDIR brings that moment into a new store": (
        "提交 {last} 及以前完整：--accept-loss {kept} 会放弃并未丢失的内容；用 restore --seq "
        "{seq} --into "
        "NEWDIR 可把那一时刻恢复到新的存储"
    ),
    "{problem}; nothing good is left of it. Accepting the loss keeps all up to commit {seq} and "
    "moves the rest aside": (
        "{problem}；完好的部分一点不剩。接受损失会保留提交 {seq} 及以前的全部，其余移开"
    ),
    # JSON
    "{size} bytes of JSON, at most {most} are read": "JSON 有 {size} 字节，最多读取 {most} 字节",
    "starts with a byte order mark": "以字节顺序标记（BOM）开头",
    "is not UTF-8": "不是 UTF-8",
    "is not JSON: {problem}": "不是 JSON：{problem}",
    "refused: {problem}": "拒收：{problem}",
    "nested too deeply": "嵌套过深",
    "a lone surrogate": "孤立的代理字符",
    "key {name} twice": "键 {name} 出现两次",
    "holds a {kind}, an object is due": "内容是 {kind}，应为对象",
    "Expecting value": "缺少值",
    "Extra data": "多余的数据",
    "Unterminated string starting at": "字符串没有结束",
    "Expecting property name enclosed in double quotes": "缺少双引号括起的键名",
    "Expecting ':' delimiter": "缺少冒号",
    "Expecting ',' delimiter": "缺少逗号",
    "Invalid control character at": "有无效的控制字符",
    # disk, lock, mirror
    "[Errno {number}] {what}": "[Errno {number}] {what}",
    "[Errno {number}] {what}: {path}": "[Errno {number}] {what}：{path}",
    "No space left on device": "磁盘空间不足",
    "Input/output error": "输入输出错误",
    "Read-only file system": "文件系统只读",
    "Permission denied": "没有权限",
    "Operation not permitted": "不允许该操作",
    "No such file or directory": "没有这个文件或目录",
    "File exists": "文件已存在",
    "Not a directory": "不是目录",
    "Is a directory": "是一个目录",
    "Disk quota exceeded": "超出磁盘配额",
    "Too many open files": "打开的文件过多",
    "Too many levels of symbolic links": "符号链接层数过多",
    "Stale file handle": "文件句柄已失效",
    "Invalid argument": "无效的参数",
    "Bad file descriptor": "文件描述符无效",
    "Resource temporarily unavailable": "资源暂时不可用",
    "Connection refused": "连接被拒绝",
    "no room on the disk, {otherwise}: {problem}": "磁盘空间不足，{otherwise}：{problem}",
    "nothing was taken in": "没有收下任何内容",
    "what was pending is not saved": "待写的内容没有保存",
    "the sync of reserved space failed: {problem}": "预留空间同步失败：{problem}",
    "the disk took no byte and gave no reason": "磁盘一个字节也没有写入，也没有给出原因",
    "journal: {problem}": "日志：{problem}",
    "looking at the journal: {problem}": "查看日志时：{problem}",
    "opening {path}: {problem}": "打开 {path} 时：{problem}",
    "making directories": "建立目录时",
    "repair: {problem}": "修复时：{problem}",
    "in the {action} beside the loop": "在循环之外执行 {action} 时",
    "this store is shut: {why}": "存储已关闭：{why}",
    "it was closed": "已被关闭",
    "the session is closed": "会话已关闭",
    "a call was interrupted halfway; open the store anew": "一次调用中途被打断；请重新打开存储",
    "{what} (it was being closed)": "{what}（当时正在关闭）",
    "a call was interrupted halfway; open the store anew ({what})": (
        "一次调用中途被打断；请重新打开存储（{what}）"
    ),
    "{path} holds {size} bytes, at most {most} are read": (
        "{path} 有 {size} 字节，最多读取 {most} 字节"
    ),
    "next to nothing in them": "其中几乎没有内容",
    "at most {most} are read": "最多读取 {most} 字节",
    "is a link, and none is followed within a store": "是链接，存储内不跟随链接",
    "is {kind}, and no regular file": "是{kind}，不是普通文件",
    "something else": "别的东西",
    "a directory": "目录",
    "a fifo": "管道",
    "a socket": "套接字",
    "a device": "设备",
    "path {path} would leave the store": "路径 {path} 会越出存储目录",
    "{path} cannot be locked: {problem}": "{path} 无法加锁：{problem}",
    "{path} cannot be taken over: {problem}": "{path} 无法接管：{problem}",
    "{path} cannot be looked at: {problem}": "{path} 无法查看：{problem}",
    "{path}: no epoch can be drawn: {problem}": "{path}：取不到新的纪元：{problem}",
    "{path} is another file each time": "{path} 每次都是不同的文件",
    "it is no file": "不是文件",
    "the lock was taken over or removed; this writer is fenced off": (
        "锁已被接管或删除；这个写入者已被隔离"
    ),
    "{path} is in use by another process": "{path} 正被另一个进程使用",
    "{path} is in use by another process (pid {pid})": "{path} 正被另一个进程使用（pid {pid}）",
    "{path} is in use by this process already": "{path} 已被本进程使用",
    "close the session that has it": "请先关闭占用它的会话",
    "it does not say what was acknowledged": "没有写明已确认到哪里",
    "{mirror} is the mirror of {there}; {here} is another directory, a copy of that store or "
    "another one, and may not write there": (
        "{mirror} 是 {there} 的镜像；{here} 是另一个目录（其副本，或别的存储），不得写入那里"
    ),
    "{mirror} is the mirror of the directory that was {there} before (inode {old}); what is there "
    "now (inode {new}) is a copy of it, and may not write there": (
        "{mirror} 是原先位于 {there} 的目录（inode {old}）的镜像；现在那里的（inode {new}）是它的"
        "副本，不得"
        "写入镜像"
    ),
    "mirror_dir {path} is not empty and is no mirror: it has {file}; give the mirror a directory "
    "of its own": "mirror_dir {path} 不是空目录，也不是镜像：其中有 {file}；请给镜像单独的目录",
    "mirror_dir {path} holds the store itself": "mirror_dir {path} 包含了存储本身",
    "mirror_dir holds the mirror of store {other}, this one is {mine}; give every store a "
    "directory of its own": (
        "mirror_dir 里是存储 {other} 的镜像，本存储是 {mine}；请给每个存储单独的目录"
    ),
    "whose mirror it is cannot be read ({problem}); bring its disk back, or open with another "
    "mirror_dir": "读不出镜像属于谁（{problem}）；恢复那块磁盘，或换一个 mirror_dir 再打开",
    # the audit
    "a line was cut short before this one": "此前有一行被截断",
    "what stands before this line carries no link": "此行之前的内容没有链接",
    "it carries no link": "没有链接",
    "the last line was cut short": "最后一行被截断",
    "a part of it never reached the disk": "其中一部分没有写到磁盘上",
    "zeros were put in": "被填入了零字节",
    "its link is no link of this log": "其链接不属于本日志",
    "it is not the line that was written after the one before it": "它不是紧接前一行写入的那一行",
}
