"""Every sentence of the speed table, by message id, in Chinese and in English.

A pair has the same placeholders in both; a test holds that. Ids that carry an argument after a
colon (``failed:…``, ``gc:2:13.5``) are split in ``say_note``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_persist.language import in_language

ROWS: Final[Mapping[str, tuple[str, str]]] = {
    "save": (
        "一笔交易的持久保存（Agent、两本账簿、订单意图、记录），无镜像",
        "Durable save of one trade (agent, both ledgers, intent, records), no mirror",
    ),
    "commit": (
        "同一笔交易，已捕获好的变更直接提交（不含捕获），无镜像",
        "The same trade as a ready change (capturing left out), no mirror",
    ),
    "mirror": (
        "一笔交易的持久保存，镜像随后同步（默认）",
        "Durable save of one trade, mirror synced behind it (the default)",
    ),
    "ack": (
        "一笔交易的持久保存，两份都同步后才确认",
        "Durable save of one trade, both copies synced before the acknowledgement",
    ),
    "load": (
        "另一进程不停写盘时的持久保存",
        "Durable save while another process writes and syncs without pause",
    ),
    "stolen": (
        "异步保存一笔交易占用交易循环的时间",
        "Time that an async save of one trade steals from the trading loop",
    ),
    "aged_agents": (
        "{agents}个Agent中保存一个变化的Agent",
        "Save of one changed agent among {agents}",
    ),
    "aged_ledger": (
        "{records}条账簿记录上的保存",
        "The same save on a ledger of {records} records",
    ),
    "aged": ("旧库上的保存", "Saves on aged stores"),
    "grouped": (
        "64个并发异步保存的吞吐",
        "Throughput of 64 concurrent async saves, grouped",
    ),
    "threads": (
        "64个线程各自持久保存并等待，无镜像",
        "64 threads that commit and wait, each for itself, no mirror",
    ),
    "help": (
        "三个命令的 --help：处理器时间（含解释器与导入）",
        "--help of the three programs: processor time, interpreter and imports included",
    ),
    "settle": (
        "结清一笔交易：向交易所的请求数（该合约此前已结清过）",
        "Settling one trade: requests to the exchange, of a contract that was settled before",
    ),
    "collector": (
        "垃圾回收：打开{records}条账簿记录并首次恢复时的最长停顿",
        "Longest pass of the collector, {records} ledger records opened and recovered",
    ),
    "restart": (
        "重启：{agents}个Agent、{records}条记录，从进程启动到状态可用",
        "Restart: {agents} agents, {records} records, process start to state in hand",
    ),
    "restore_ledger": (
        "恢复{records}条账簿记录，处理器时间",
        "Restore of {records} ledger records, processor time",
    ),
    "restore_agents": ("恢复{agents}个Agent", "Restore of {agents} agents"),
    "first_recover": (
        "打开{records}条账簿记录并首次恢复（不问交易所），处理器时间",
        "Open a ledger of {records} records and recover for the first time, of the books alone, "
        "processor time",
    ),
    "far": (
        "恢复：交易所每次往返{ms}毫秒，客户端按README创建",
        "Recover at {ms} ms a round trip to the exchange, with a client as the README makes it",
    ),
    "snapshot": (
        "做全量快照时的保存（{records}条记录）",
        "Saves while a full snapshot is taken ({records} records)",
    ),
    "host_trade": (
        "已接入的宿主（运行{cycles}个周期）：一笔交易后的保存，循环占用的处理器时间",
        "An attached host of {cycles} cycles: save after a trade, the loop's processor time",
    ),
    "host_first": (
        "同一宿主：每个周期的第一次保存",
        "The same host: the first save of a cycle",
    ),
    "host_look": (
        "同一宿主：一次完整检查，未发现变化",
        "The same host: a look at everything that finds nothing",
    ),
    "host_restore": (
        "同一宿主：在新进程中恢复",
        "The same host: restored in a new process",
    ),
    "host_memory": (
        "同一宿主：接入后的内存，对宿主自身内存",
        "The same host: memory once it is kept, over what it takes alone",
    ),
    "host_crowd": (
        "宿主有{agents}个Agent、共{entries}条历史记录：一笔交易后的保存",
        "A host of {agents} agents with {entries} entries: save after a trade",
    ),
    "host_crowd_look": (
        "同一宿主（{entries}条历史记录）：一次完整检查，未发现变化",
        "That host of {entries} entries: a look at everything that finds nothing",
    ),
    "hosts": ("已接入的宿主", "Attached hosts"),
}

LINES: Final[Mapping[str, tuple[str, str]]] = {
    "trade_off": ("本库：保存，无镜像", "this store: save, no mirror"),
    "trade_behind": ("本库：保存，镜像随后", "this store: save, mirror behind"),
    "trade_ack": ("本库：保存，镜像确认", "this store: save, mirror acknowledged"),
    "commit_off": ("本库：提交，无镜像", "this store: commit, no mirror"),
    "commit_behind": ("本库：提交，镜像随后", "this store: commit, mirror behind"),
    "commit_ack": ("本库：提交，镜像确认", "this store: commit, mirror acknowledged"),
    "raw_given": ("裸写：预分配 + fdatasync", "raw: preallocated write + fdatasync"),
    "raw_grown": ("裸写：增长 + fdatasync", "raw: growing append + fdatasync"),
    "sqlite": (
        "SQLite WAL, synchronous=FULL：现成的字节",
        "SQLite WAL, synchronous=FULL: ready bytes",
    ),
    "sqlite_job": (
        "SQLite做同样的事：导出四个模型，upsert，插入，提交",
        "SQLite doing the same job: dump four models, upsert, insert, commit",
    ),
    "lmdb": ("LMDB", "LMDB"),
    "json_files": ("逐个重写JSON文件", "JSON files rewritten atomically"),
    "pickle": ("全部pickle + fsync", "pickle of everything + fsync"),
    "trade_load": ("本库：保存（默认），磁盘繁忙", "this store: save (default), disk busy"),
    "raw_load": ("裸写：预分配 + fdatasync，磁盘繁忙", "raw: the same, disk busy"),
    "stolen": ("每次保存占用", "stolen by each save"),
    "stolen_call": ("其中调用本身", "of that, the call itself"),
    "stolen_whole": ("连同其后的空闲", "with the idling behind it"),
    "stolen_nothing": ("同一循环，不保存", "the same loop without a save"),
    "fresh": ("新库，10个Agent", "fresh store, 10 agents"),
    "many_agents": ("许多Agent", "many agents"),
    "long_ledger": ("长账簿", "long ledger"),
    "fresh_all": ("新库，未说明改了什么", "fresh store, not told what changed"),
    "many_agents_all": ("许多Agent，未说明改了什么", "many agents, not told what changed"),
    "grouped": ("64个一组", "64 together"),
    "one_by_one": ("逐个", "one by one"),
    "threads": ("64个线程", "64 threads"),
    "frames": ("每次同步的帧数", "frames a sync"),
    "one_thread": ("只有一个线程", "one thread alone"),
    "help_prometheus-persist": ("prometheus-persist --help", "prometheus-persist --help"),
    "help_prometheus-chaos": ("prometheus-chaos --help", "prometheus-chaos --help"),
    "help_fakeokx": ("fakeokx --help", "fakeokx --help"),
    "requests": ("请求数", "requests"),
    "settled": ("结清用时", "time to settle"),
    "restore_passed": ("本库，经过的时间", "this store, time that passed"),
    "first_passed": ("快照无汇总，经过的时间", "no sums in the snapshot, time that passed"),
    "summed_passed": ("快照含汇总，经过的时间", "with sums in the snapshot, time that passed"),
    "pass_opening": ("打开与恢复期间", "while opening and recovering"),
    "pass_saving": ("其后300次保存期间", "in 300 saves behind it"),
    "pass_full": ("其后的一次全量回收", "a full pass then"),
    "restart": ("本库", "this store"),
    "first_recover": ("快照无汇总", "no sums in the snapshot"),
    "summed_recover": ("快照含汇总", "with sums in the snapshot"),
    "far": ("恢复", "recover"),
    "round_trip": ("每次往返", "each round trip"),
    "python_start": ("仅启动Python", "a Python that only starts"),
    "restore": ("本库", "this store"),
    "restore_journal": (
        "本库，无快照，重放全部日志",
        "this store, from its journal alone",
    ),
    "sqlite_orjson": ("SQLite读取 + orjson", "read from SQLite + orjson"),
    "alive": ("恢复后存活的数据", "alive after the restore"),
    "peak": ("恢复时的峰值", "peak during the restore"),
    "resident": ("系统看到的峰值（RSS）", "peak as the system sees it (RSS)"),
    "save_during": ("快照期间的保存", "saves during the snapshot"),
    "save_outside": ("快照之外的保存", "saves outside it"),
    "snapshot_took": ("快照耗时", "the snapshot took"),
    "host_attach": ("本库：attach", "this library: attach"),
    "host_crowd": ("本库：attach", "this library: attach"),
    "host_small": ("对照：上面较小的宿主", "beside it: the smaller host above"),
    "host_pickle": ("pickle，全部，fsync", "pickle of everything, fsync"),
    "host_cloudpickle": ("cloudpickle，全部，fsync", "cloudpickle of everything, fsync"),
    "host_jsonpickle": ("jsonpickle，全部，fsync", "jsonpickle of everything, fsync"),
    "host_zodb": ("ZODB，整个宿主为一个对象", "ZODB, the host as one object"),
    "size_building": ("建造数据", "building the store"),
    "size_save": ("save（首次，全部）", "save (the first, everything)"),
    "size_first_close": ("首次关闭", "first close"),
    "size_snapshot": ("全量快照", "snapshot"),
    "size_open": ("打开", "open"),
    "size_recover": ("打开并首次恢复（不问交易所）", "open and first recover, of the books alone"),
    "size_one_save": ("保存一个Agent", "one save of one agent"),
    "size_status": ("status", "status"),
    "size_verify": ("verify", "verify"),
    "size_repair": ("repair --dry-run", "repair --dry-run"),
}

CHECKS: Final[Mapping[str, tuple[str, str]]] = {
    "to_raw": ("对裸写（中位数）", "to raw (median)"),
    "to_sqlite": ("对SQLite（中位数）", "to SQLite (median)"),
    "to_job": ("对做同样事的SQLite（中位数）", "to SQLite doing the same job (median)"),
    "to_fresh": ("对新库（中位数）", "to fresh (median)"),
    "frames_a_sync": ("每次同步的帧数", "frames a sync"),
    "one_thread_before": ("一个线程，对对比版本", "one thread, to the other tree"),
    "help_prometheus-persist": ("prometheus-persist", "prometheus-persist"),
    "help_prometheus-chaos": ("prometheus-chaos", "prometheus-chaos"),
    "help_fakeokx": ("fakeokx", "fakeokx"),
    "requests": ("请求数", "requests"),
    "pause_ms": ("最长停顿", "longest pass"),
    "recover_s": ("中位数", "median"),
    "tail_ms": ("p99.9", "p99.9"),
    "median_us": ("中位数", "median"),
    "p999_ms": ("p99.9", "p99.9"),
    "restart_s": ("中位数", "median"),
    "restore_s": ("中位数", "median"),
    "memory": ("峰值 / 存活数据", "peak / live data"),
    "summed_s": ("含汇总（中位数）", "with sums (median)"),
    "resident": ("系统看到的峰值（RSS）", "peak as the system sees it (RSS)"),
    "waited_ms": ("最长等待", "longest wait"),
    "host_p99_ms": ("p99", "p99"),
    "host_median_ms": ("中位数", "median"),
    "host_memory": ("对宿主自身", "of the host's own"),
    "crowd_median": ("中位数，对较小的宿主", "median, of the smaller host's"),
    "crowd_p99": ("p99，对较小的宿主", "p99, of the smaller host's"),
    "size_s": ("用时", "time"),
    "size_memory": ("峰值 / 存活数据", "peak / live data"),
}

TALK: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("速度表", "Speed table"),
    "sizes": (
        "{agents}个Agent、{trades}笔交易；存活数据{live} MiB（最新快照解开后的大小）",
        "{agents} agents, {trades} trades; live data {live} MiB (what a snapshot unpacks to)",
    ),
    "command": ("命令", "command"),
    "seconds": ("用时", "time"),
    "cpu": ("处理器", "processor time"),
    "peak": ("内存峰值（RSS）", "peak memory (RSS)"),
    "cpu_before": ("对比版本：处理器", "other tree: processor"),
    "peak_before": ("对比版本：内存峰值", "other tree: peak"),
    "of_live": ("对存活数据", "of live data"),
    "met": ("达到", "met"),
    "missed": ("未达到", "not met"),
    "untold": ("此刻在这台机器上无法判断", "cannot be told on this machine now"),
    "of_rounds": ("；{number}轮：{range}", "; {number} rounds: {range}"),
    "it_was": ("；对比版本：{value}", "; other tree: {value}"),
    "before": ("对比版本", "other tree"),
    "over": ("本版/对比", "this/other"),
    "spread": ("轮间差", "spread"),
    "before_unknown": ("对比版本：未知（{reason}）", "other tree: UNKNOWN ({reason})"),
    "noise_load": (
        "噪声：负载（1/5/15分钟）开始{begin}，结束{end}",
        "noise: load (1, 5, 15 minutes) {begin} at the begin, {end} at the end",
    ),
    "noise_sync_us": (
        "噪声：各轮之间的裸同步 p10 {p10}、p50 {p50}、p90 {p90}、最长{longest}；前三分之一中位数"
        "{first_third}，后三分之一{last_third}",
        "noise: raw syncs between the rounds p10 {p10}, p50 {p50}, p90 {p90}, the longest "
        "{longest}; median {first_third} in the first third, {last_third} in the last",
    ),
    "noise_loop_us": (
        "噪声：各轮之间固定的一段Python p10 {p10}、p50 {p50}、p90 {p90}、最长{longest}；前三分之一"
        "中位数{first_third}，后三分之一{last_third}",
        "noise: a fixed loop of Python between the rounds p10 {p10}, p50 {p50}, p90 {p90}, the "
        "longest {longest}; median {first_third} in the first third, {last_third} in the last",
    ),
    "noise_rounds": (
        "每行{rounds}轮，耗时的行{long}轮；“轮间差”为各轮中位数的最大与最小之差；差异大于离标准的"
        "距离时，既不算达到也不算未达到：{untold}项",
        "{rounds} rounds of each row, {long} of long ones; spread is the most less the least of "
        "their medians; where rounds differ by more than the value is away from its bar, it is "
        "neither met nor not met: {untold} such",
    ),
    "line": ("参赛者", "contestant"),
    "median": ("中位数", "median"),
    "max": ("最大", "max"),
    "ratio": ("比值", "ratio"),
    "bar": ("标准", "bar"),
    "measuring": ("正在测量：{row}", "measuring: {row}"),
    "took": ("用时{seconds}秒", "took {seconds} s"),
    "not_measured": ("未测量：{reason}", "not measured: {reason}"),
    "not_installed": ("未安装{name}", "{name} is not installed"),
    "failed": ("失败：{name}", "failed: {name}"),
    "no.samples": ("没有样本", "no sample was taken"),
    "gc": (
        "垃圾回收开启：{name}次全量回收，最长{more}毫秒",
        "garbage collector on: {name} full passes, the longest {more} ms",
    ),
    "disk_too_slow": (
        "裸写的p99.9也达不到100毫秒：是磁盘慢",
        "the raw write's own p99.9 is not below 100 ms: the disk is the limit",
    ),
    "thin": (
        "* 样本不足1000个：p99.9即最大值",
        "* fewer than 1,000 samples: p99.9 is the maximum",
    ),
    "memory_disk": (
        "⚠️ {name}不是磁盘：这里的同步没有代价，结果不说明任何磁盘",
        "⚠️ {name} is no disk: a sync costs nothing here, the figures say nothing about any disk",
    ),
    "busy": (
        "⚠️ 开始时机器上有别的负载：绝对时间偏大，比值也不可靠",
        "⚠️ other work was running when this began: times are too long, ratios unreliable",
    ),
    "load": ("负载（1/5/15分钟）", "load (1, 5, 15 minutes)"),
    "processor": ("处理器", "processor"),
    "cores": ("核心", "cores"),
    "memory": ("内存", "memory"),
    "file_system": ("文件系统", "file system"),
    "device": ("设备", "device"),
    "kernel": ("系统", "system"),
    "python": ("Python", "Python"),
    "sqlite": ("SQLite", "SQLite"),
    "histogram": ("延迟分布（对数轴）", "Latencies (logarithmic axis)"),
    "axis_time": ("一次保存的用时（对数刻度）", "time of one save (logarithmic)"),
    "axis_share": ("占各自样本的比例", "share of its own samples"),
    "line100": ("100毫秒", "100 ms"),
    "how": (
        "同一磁盘、分块交错测量；对比版本在单独的进程中逐轮交替；表中比值为全部样本的中位数之比，"
        "达标行取各轮比值的中位数；每轮首块为预热，不计入。",
        "One disk, interleaved in blocks; another tree in processes of its own, in turns round by "
        "round; a ratio in a table is median over median of all samples, that of a bar the "
        "middle one of its rounds; a round's first block warms up and is not counted.",
    ),
}


def say(table: Mapping[str, tuple[str, str]], key: str, lang: str, **params: str) -> str:
    """The sentence in the language; an unknown id is shown as itself."""
    return in_language(table.get(key, (key, key)), lang, **params)


def say_note(note: str, lang: str) -> str:
    """A note or reason: an id, or an id with one or two arguments behind colons."""
    key, colon, rest = note.partition(":")
    if key == "gc":
        name, _, more = rest.partition(":")
        return say(TALK, key, lang, name=name, more=more)
    return say(TALK, key, lang, name=rest) if colon else say(TALK, note, lang)
